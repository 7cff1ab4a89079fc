// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `The first child that answers` {
  @Test(arguments: ["/", "/cpus", "/soc/bus@fe000000"])
  func `is found, and none after it is looked at`(node: String) throws {
    let tree = try Fixtures.tree("board")
    let children = try fdtget(tree.blob, ["-l"], node)

    for wanted in children {
      var asked: [String] = []
      let found = try tree.firstChild(of: node) { name in
        asked.append(name)
        return name == wanted
      }

      #expect(found == wanted)
      #expect(asked == Array(children.prefix(asked.count)))
      #expect(asked.last == wanted)
    }
  }

  @Test(arguments: ["/", "/cpus", "/chosen"])
  func `is nil when none matches`(node: String) throws {
    let tree = try Fixtures.tree("board")
    var asked: [String] = []

    let found = try tree.firstChild(of: node) { name in
      asked.append(name)
      return false
    }

    #expect(found == nil)
    #expect(asked == (try tree.children(of: node)))
  }

  /// What is known of a tree that was just opened is of no use after an edit.
  @Test func `is found among those of now`() throws {
    let opened = try Fixtures.tree("board")
    var tree = opened
    let known = try opened.children(of: "/")

    try tree.setProperty("model", of: "/", to: .string("a much longer model than before"))
    try tree.deleteNode("/psci")
    try tree.addNode("new", to: "/")
    try tree.edit(child: "chosen") { _ in }

    let names = ["new"] + known.filter { $0 != "psci" }
    #expect(try tree.children(of: "/") == names)
    #expect(try tree.firstChild(of: "/") { $0 == "psci" } == nil)
    #expect(try tree.descendants(of: "/soc") == opened.descendants(of: "/soc"))
    #expect(try names.map { name in try tree.fullPath(of: "/" + name) } == names.map { "/" + $0 })
    #expect(try opened.children(of: "/") == known)
  }
}
