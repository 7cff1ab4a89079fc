// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// `/timer` may be short for `/timer@60005000`, but not where there is a `/timer`: the trees of
/// Tegra210 boards have both, in this order.
@Suite struct `A name without unit address` {
  static let source = "timer@1 { a; }; timer { b; }; n { timer@1 { }; };"

  @Test(arguments: try Fixtures.boards())
  func `is found again by its path`(board: String) throws {
    let tree = try DeviceTree(blob: contents(of: board))

    let paths = try tree.descendants(of: "/")

    #expect(try paths.filter { path in try tree.fullPath(of: path) != path } == [])
  }

  @Test func `means first the node that has just this name`() throws {
    var tree = try DeviceTree(root: Self.source)

    #expect(try tree.property("b", of: "/timer") == .empty)
    #expect(try tree.fullPath(of: "/n/timer") == "/n/timer@1")
    try tree.setProperty("c", of: "/timer", to: .empty)
    try tree.deleteNode("/timer")
    #expect(try tree.children(of: "/") == ["timer@1", "n"])
    #expect(try tree.properties(of: "/timer@1") == [Property("a", .empty)])
  }
}
