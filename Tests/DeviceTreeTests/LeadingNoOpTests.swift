// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// Devicetree Specification v0.4, section 5.4.2: any number of `FDT_NOP` may precede a node's
/// `FDT_BEGIN_NODE`, the root's too. libfdt, dtc and Linux look for the root at offset 0.
@Suite struct `No-op tags in front of the root` {
  @Test(arguments: [1, 2, 7])
  func `do not count`(count: Int) throws {
    let original = try Fixtures.tree("board")
    var raw = RawBlob(parsing: original.blob)
    raw.tokens.insert(contentsOf: Array(repeating: .nop, count: count), at: 0)

    var tree = try DeviceTree(blob: raw.bytes())

    #expect(tree.root == original.root)
    #expect(try tree.children(of: "/") == original.children(of: "/"))
    #expect(try tree.properties(of: "/chosen") == original.properties(of: "/chosen"))
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(original.blob))
    try tree.setProperty("bootargs", of: "/chosen", to: .string("quiet"))
    #expect(try fdtget(tree.blob, [], "/chosen", "bootargs") == ["quiet"])
  }
}
