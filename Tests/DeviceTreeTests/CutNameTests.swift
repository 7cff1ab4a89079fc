// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// C would see the name end at the NUL, and find what nobody asked for.
@Suite struct `A name with a NUL in it` {
  @Test func `names no node`() throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    #expect(!tree.contains("/chosen\0x"))
    #expect(throws: DeviceTreeError.self) { try tree.properties(of: "/chosen\0x") }
    #expect(throws: DeviceTreeError.self) { try tree.deleteNode("/chosen\0x") }
    #expect(tree.blob == blob)
  }

  @Test func `names no property`() throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    #expect(try tree.property("bootargs\0x", of: "/chosen") == nil)
    #expect(try tree.deleteProperty("bootargs\0x", of: "/chosen") == [])
    #expect(tree.blob == blob)
  }
}
