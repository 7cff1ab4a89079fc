// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `An excerpt` {
  @Test func `has the child, the root's properties, the reservations and the boot CPU`() throws {
    var tree = try Fixtures.tree("board")
    tree.bootCPU = 3

    let excerpt = try tree.excerpt(of: "chosen")

    #expect(try excerpt.properties(of: "/") == tree.properties(of: "/"))
    #expect(try excerpt.children(of: "/") == ["chosen"])
    #expect(excerpt.root.child("chosen") == tree.root.child("chosen"))
    #expect(excerpt.reservations == tree.reservations)
    #expect(excerpt.bootCPU == 3)
    #expect(excerpt.blob.count < tree.blob.count / 4)
  }

  @Test func `finds a child by its short name`() throws {
    let tree = try DeviceTree(root: "a { }; chosen@0 { p; }; b { };")

    let excerpt = try tree.excerpt(of: "chosen")

    #expect(try excerpt.children(of: "/") == ["chosen@0"])
    #expect(try excerpt.property("p", of: "/chosen") == .empty)
  }

  @Test func `is empty when there is no such child`() throws {
    let excerpt = try DeviceTree(root: "model = \"m\"; a { chosen { }; };").excerpt(of: "chosen")

    #expect(excerpt.root == Node("", properties: [Property("model", .string("m"))]))
  }

  /// Where `chosen` stands, and the names of the root's children after it was put back.
  static let trees: [(source: String, names: [String])] = [
    ("chosen { p; }; a { }; b { };", ["chosen", "a", "b"]),
    ("a { q; }; chosen { p; in { }; }; b { };", ["a", "chosen", "b"]),
    ("a { }; b { q; c { }; }; chosen { };", ["a", "b", "chosen"]),
    ("a { }; chosen@0 { p; }; b { };", ["a", "chosen@0", "b"]),
    ("chosen { };", ["chosen"]),
    ("p; a { chosen { }; };", ["chosen", "a"]), ("p;", ["chosen"]), ("", ["chosen"]),
  ]

  @Test(arguments: trees)
  func `is put back where it came from, or in front`(source: String, names: [String]) throws {
    var (tree, direct) = (try DeviceTree(root: source), try DeviceTree(root: source))
    var excerpt = try tree.excerpt(of: "chosen")
    if !excerpt.contains("/chosen") {
      try excerpt.addNode("chosen", to: "/")
      try direct.addNode("chosen", to: "/")
    }

    try excerpt.setProperty("bootargs", of: "/chosen", to: .string("quiet"))
    try tree.putBack(excerpt, of: "chosen")
    try direct.setProperty("bootargs", of: "/chosen", to: .string("quiet"))

    #expect(try tree.children(of: "/") == names)
    #expect(tree.root == direct.root)
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(direct.blob))
  }

  @Test(arguments: trees)
  func `changes not one byte when nothing was edited`(source: String, names: [String]) throws {
    let tree = try DeviceTree(root: source)
    var same = tree

    try same.putBack(tree.excerpt(of: "chosen"), of: "chosen")

    #expect(same.blob == tree.blob)
  }

  @Test(arguments: trees)
  func `deletes the child when it is gone`(source: String, names: [String]) throws {
    var (tree, direct) = (try DeviceTree(root: source), try DeviceTree(root: source))
    var excerpt = try tree.excerpt(of: "chosen")
    if excerpt.contains("/chosen") {
      try excerpt.deleteNode("/chosen")
      try direct.deleteNode("/chosen")
    }

    try tree.putBack(excerpt, of: "chosen")

    #expect(tree.root == direct.root)
    #expect(!tree.contains("/chosen"))
  }

  @Test func `puts nothing else back`() throws {
    let tree = try Fixtures.tree("board")
    var (edited, excerpt) = (tree, try tree.excerpt(of: "chosen"))
    try excerpt.setProperty("model", of: "/", to: .string("another"))
    excerpt.bootCPU = 9

    try edited.putBack(excerpt, of: "chosen")

    #expect(edited.compared(with: tree).differences == [])
    #expect(edited.blob == tree.blob)
  }

  @Test func `puts the reservations back`() throws {
    var tree = try Fixtures.tree("board")
    var excerpt = try tree.excerpt(of: "chosen")
    let new = AddressAndSize(address: 1, size: 1)

    for entry in excerpt.reservations { try excerpt.deleteReservation(entry) }
    try excerpt.addReservation(new)
    try tree.putBack(excerpt, of: "chosen")

    #expect(tree.reservations == [new])
    #expect(try DeviceTree(blob: tree.blob).reservations == [new])
  }

  /// Not even the root is a child of the root.
  @Test(arguments: ["", "/", "chosen/in", "/chosen"])
  func `is of no child that cannot be`(child: String) throws {
    let tree = try DeviceTree(root: "chosen { p; in { }; };")

    #expect(throws: DeviceTreeError(.badName, node: "/" + child)) { try tree.excerpt(of: child) }
  }
}
