// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Putting an excerpt back` {
  @Test(arguments: ["board", "stale-handover", "qemu-riscv64-virt", "acpi-stub"])
  func `keeps every byte around the child`(source: String) throws {
    let blob = try RawBlob(parsing: Fixtures.blob(source)).withNOPs.bytes()
    let tokens = RawBlob(parsing: blob).tokens
    var tree = try DeviceTree(blob: blob)

    try tree.edit(child: "chosen") { try $0.setProperty("new", of: "/chosen", to: .u32(1)) }

    let child = try #require(tokens.extent(of: "chosen"))
    let edited = RawBlob(parsing: tree.blob).tokens
    let newChild = try #require(edited.extent(of: "chosen"))
    #expect(edited[..<newChild.lowerBound] == tokens[..<child.lowerBound])
    #expect(edited[newChild.upperBound...] == tokens[child.upperBound...])
    #expect(tree.blob.strings.starts(with: try DeviceTree(blob: blob).blob.strings))
  }

  @Test func `keeps the no-op tags outside the child and none inside`() throws {
    let blob = try RawBlob(parsing: Fixtures.blob("board")).withNOPs.bytes()
    var tree = try DeviceTree(blob: blob)

    try tree.edit(child: "chosen") { _ in }

    let tokens = RawBlob(parsing: tree.blob).tokens
    let child = try #require(tokens.extent(of: "chosen"))
    #expect(!tokens[child].contains(.nop))
    #expect(tokens[..<child.lowerBound].contains(.nop))
    #expect(tokens[child.upperBound...].contains(.nop))
  }

  @Test func `finds the place after the root's properties among no-op tags`() throws {
    let raw = RawBlob(root: [
      .nop, .property("p", [1]), .nop, .property("q", [2]), .nop, .beginNode("a"), .endNode, .nop,
    ])
    var tree = try DeviceTree(blob: raw.bytes())

    try tree.edit(child: "chosen") { try $0.addNode("chosen", to: "/") }

    #expect(
      RawBlob(parsing: tree.blob).tokens == [
        .beginNode(""), .nop, .property("p", [1]), .nop, .property("q", [2]), .nop,
        .beginNode("chosen"), .endNode, .beginNode("a"), .endNode, .nop, .endNode, .end,
      ])
  }

  @Test func `gives the same bytes the second time`() throws {
    var tree = try Fixtures.tree("board")
    let edits = { (excerpt: inout DeviceTree) throws(DeviceTreeError) in
      try excerpt.setProperty("linux,booted-from-kexec", of: "/chosen", to: .empty)
      try excerpt.setProperty("bootargs", of: "/chosen", to: .string("quiet"))
      for entry in excerpt.reservations { try excerpt.deleteReservation(entry) }
      try excerpt.addReservation(AddressAndSize(address: 1, size: 2))
    }

    try tree.edit(child: "chosen", edits)
    let once = tree.blob
    try tree.edit(child: "chosen", edits)

    #expect(tree.blob == once)
    #expect(try DeviceTree(blob: once).blob == once)
  }

  @Test func `stores each name once`() throws {
    var tree = try DeviceTree(root: "two; longer-two; chosen { one; };")

    try tree.edit(child: "chosen") {
      for name in ["one", "two", "wo", "new"] {
        try $0.setProperty(name, of: "/chosen", to: .empty)
      }
    }

    let names = tree.blob.strings.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    #expect(Set(names).count == names.count)
    #expect(Set(names).isSuperset(of: ["one", "two", "new"]))
    #expect(Set(try fdtget(tree.blob, ["-p"], "/chosen")) == ["one", "two", "wo", "new"])
  }

  @Test func `keeps names that are there twice`() throws {
    let raw = RawBlob(root: [
      .property("p", [1]), .property("p", [2]), .beginNode("chosen"), .property("q", [3]),
      .property("q", [4]), .endNode, .beginNode("chosen"), .property("q", [5]), .endNode,
    ])
    let tree = try DeviceTree(blob: raw.bytes())
    var edited = tree

    try edited.edit(child: "chosen") { _ in }

    #expect(edited.root == tree.root)
  }

  @Test func `can carry a child as deep as a tree may be`() throws {
    let nested = (0..<60).reduce(Node("n")) { inner, _ in Node("n", children: [inner]) }
    let root = Node("", children: [Node("a"), Node("chosen", children: [nested]), Node("b")])
    var tree = try DeviceTree(root: root)

    try tree.edit(child: "chosen") { try $0.setProperty("p", of: "/chosen", to: .empty) }
    try tree.edit(child: "chosen") { try $0.deleteProperty("p", of: "/chosen") }

    #expect(tree.root == root)
    #expect(try tree.descendants(of: "/chosen").last?.count { $0 == "/" } == 62)
  }

  @Test func `can carry a large value`() throws {
    let value = PropertyValue(bytes: Array(repeating: 7, count: 1 << 20))
    var tree = try Fixtures.tree("board")

    try tree.edit(child: "chosen") { try $0.setProperty("large", of: "/chosen", to: value) }
    try tree.edit(child: "chosen") { try $0.setProperty("small", of: "/chosen", to: .empty) }

    #expect(try tree.property("large", of: "/chosen") == value)
    #expect(try DeviceTree(blob: tree.blob).root == tree.root)
  }
}

extension Array<RawBlob.Token> {
  /// The tokens of the first child of the root that has this name.
  fileprivate func extent(of child: String) -> Range<Int>? {
    var (level, start): (Int, Int?) = (0, nil)
    for index in indices {
      if self[index] == .endNode { level -= 1 }
      if level == 1, self[index] == .beginNode(child) { start = start ?? index }
      if level == 1, let start, self[index] == .endNode { return start..<index + 1 }
      if case .beginNode = self[index] { level += 1 }
    }
    return nil
  }
}

extension Array<UInt8> {
  /// The strings block.
  fileprivate var strings: ArraySlice<UInt8> {
    self[Int(word(at: 12))..<Int(word(at: 12) + word(at: 32))]
  }
}
