// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Editing a child of the root` {
  static let source = """
    model = "m"; #address-cells = <2>;
    aliases { c = "/chosen"; }; a { q; }; chosen { p; in { r; }; }; b { };
    """

  @Test func `sees the child, the root's properties and the reservations, and nothing else`() throws
  {
    var tree = try DeviceTree(root: Self.source)
    try tree.addReservation(AddressAndSize(address: 1, size: 2))
    let whole = tree

    let seen = try tree.edit(child: "chosen") { $0 }

    #expect(seen.root.properties == whole.root.properties)
    #expect(seen.root.children == [whole.root.child("chosen")])
    #expect(seen.reservations == whole.reservations)
    #expect(!seen.contains("c"))
    #expect(tree.blob == whole.blob)
  }

  @Test func `never takes another node for the child`() throws {
    var tree = try DeviceTree(root: "memory@40000000 { a; }; memory@80000000 { b; };")
    let before = tree

    #expect(throws: DeviceTreeError(.secondChild, node: "/memory@40000000")) {
      try tree.edit(child: "memory") { try $0.addNode("memory@c0000000", to: "/") }
    }

    #expect(tree.blob == before.blob)
  }

  @Test func `may give the child another name`() throws {
    var tree = try DeviceTree(root: "a { }; chosen@0 { p; }; b { };")

    try tree.edit(child: "chosen") {
      try $0.deleteNode("/chosen@0")
      try $0.addNode("chosen", to: "/")
    }

    #expect(try tree.children(of: "/") == ["a", "chosen", "b"])
  }

  @Test func `gives back what the body gives`() throws {
    var tree = try DeviceTree(root: Self.source)

    let deleted = try tree.edit(child: "chosen") { try $0.deleteProperty("p", of: "/chosen") }

    #expect(deleted == [.empty])
    #expect(try tree.property("p", of: "/chosen") == nil)
  }

  @Test func `means what the same edits mean without it`() throws {
    let edits = { (tree: inout DeviceTree) throws(DeviceTreeError) in
      try tree.setProperty("bootargs", of: "/chosen", to: .string("quiet"))
      try tree.deleteNode("/chosen/in")
      try tree.addNode("new", to: "/chosen")
      try tree.addReservation(AddressAndSize(address: 1, size: 2))
    }
    var (direct, tree) = (try DeviceTree(root: Self.source), try DeviceTree(root: Self.source))

    try edits(&direct)
    try tree.edit(child: "chosen", edits)

    #expect(tree.root == direct.root)
    #expect(tree.reservations == direct.reservations)
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(direct.blob))
  }

  @Test func `keeps the edits made before it and after it`() throws {
    var tree = try DeviceTree(root: Self.source)

    try tree.setProperty("before", of: "/chosen", to: .u32(1))
    try tree.setProperty("before", of: "/a", to: .u32(2))
    try tree.edit(child: "chosen") { try $0.setProperty("within", of: "/chosen", to: .u32(3)) }
    try tree.setProperty("after", of: "/chosen", to: .u32(4))

    let names = try tree.properties(of: "/chosen").map(\.name)
    #expect(Set(names) == ["before", "within", "after", "p"])
    #expect(try tree.property("before", of: "/a") == .u32(2))
    #expect(try DeviceTree(blob: tree.blob).root == tree.root)
  }

  @Test func `changes nothing when the body throws`() throws {
    var tree = try DeviceTree(root: Self.source)
    let blob = tree.blob

    #expect(throws: DeviceTreeError(.notFound, node: "/chosen/missing")) {
      try tree.edit(child: "chosen") {
        try $0.setProperty("p", of: "/chosen", to: .u32(1))
        try $0.addReservation(AddressAndSize(address: 1, size: 2))
        try $0.deleteNode("/chosen/missing")
      }
    }

    #expect(tree.blob == blob)
  }

  @Test func `changes nothing when the body throws an error of its own`() throws {
    var tree = try DeviceTree(root: Self.source)
    let blob = tree.blob

    #expect(throws: CancellationError.self) {
      try tree.edit(child: "chosen") {
        try $0.setProperty("p", of: "/chosen", to: .u32(1))
        throw CancellationError()
      }
    }

    #expect(tree.blob == blob)
  }

  /// A body may take the whole tree for another; its names are not this one's.
  @Test func `refuses another tree in place of the child's`() throws {
    var tree = try DeviceTree(root: Self.source)
    let (blob, other) = (tree.blob, DeviceTree())

    #expect(throws: DeviceTreeError(.staleExcerpt, node: "/chosen")) {
      try tree.edit(child: "chosen") { $0 = other }
    }

    #expect(tree.blob == blob)
  }

  @Test(arguments: ["", "/", "/chosen", "chosen/in", "a\u{0}"])
  func `refuses a name that no child has`(name: String) throws {
    var tree = try DeviceTree(root: Self.source)
    let blob = tree.blob

    #expect(throws: DeviceTreeError(.badName, node: "/" + name)) {
      try tree.edit(child: name) { try $0.deleteNode("/chosen") }
    }

    #expect(tree.blob == blob)
  }
}
