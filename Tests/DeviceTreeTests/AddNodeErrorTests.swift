// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `An error of adding a node` {
  @Test(arguments: [
    ("chosen", "/", "/chosen"), ("cpu@100", "/cpus", "/cpus/cpu@100"),
    ("mdio", "ethernet0", "ethernet0/mdio"),
  ])
  func `says the path of the node that is there already`(
    name: String, parent: String, path: String
  ) throws {
    var tree = try Fixtures.tree("board")

    #expect(throws: DeviceTreeError(.exists, node: path)) { try tree.addNode(name, to: parent) }
  }

  @Test(arguments: [("a\u{1}", "/", "/a\u{1}"), ("a\u{1}", "/soc", "/soc/a\u{1}")])
  func `says the path that could not be`(name: String, parent: String, path: String) throws {
    var tree = try Fixtures.tree("board")

    #expect(throws: DeviceTreeError(.badName, node: path)) { try tree.addNode(name, to: parent) }
  }
}
