// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// An excerpt shares the names of the tree it was taken from. Putting it into another tree must fail,
/// rather than give other nodes' properties other names, or none.
@Suite struct `An excerpt of another tree` {
  static let source = "model = \"m\"; chosen { p; }; other { q; };"

  @Test func `is refused after the tree got a name of its own`() throws {
    var tree = try DeviceTree(root: Self.source)
    let excerpt = try tree.excerpt(of: "chosen")
    try tree.setProperty("a-name-that-is-new", of: "/other", to: .empty)
    let blob = tree.blob

    #expect(throws: DeviceTreeError.self) { try tree.putBack(excerpt, of: "chosen") }

    #expect(tree.blob == blob)
  }

  @Test(arguments: ["", "chosen { };", "quite; different; names; chosen { p; }; other { q; };"])
  func `is refused when its names differ`(other: String) throws {
    var tree = try DeviceTree(root: Self.source)
    let excerpt = try DeviceTree(root: other).excerpt(of: "chosen")
    let blob = tree.blob

    #expect(throws: DeviceTreeError.self) { try tree.putBack(excerpt, of: "chosen") }

    #expect(tree.blob == blob)
  }
}
