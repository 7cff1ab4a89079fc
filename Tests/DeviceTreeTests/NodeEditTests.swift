// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Adding and deleting nodes` {
  @Test func `puts a new one before the existing ones`() throws {
    var tree = try Fixtures.tree("board")
    let others = try tree.children(of: "/")

    try tree.addNode("reserved-memory", to: "/")
    try tree.addNode("buffer@1000", to: "/reserved-memory")

    #expect(try tree.children(of: "/") == ["reserved-memory"] + others)
    #expect(try tree.properties(of: "/reserved-memory") == [])
    #expect(try fdtget(tree.blob, ["-l"], "/reserved-memory") == ["buffer@1000"])
    #expect(try fdtget(tree.blob, ["-l"], "/") == ["reserved-memory"] + others)
  }

  @Test func `names the parent by an alias too`() throws {
    var tree = try Fixtures.tree("board")

    try tree.addNode("bluetooth", to: "serial0")

    #expect(tree.contains("/soc/bus@fe000000/serial@650000/bluetooth"))
  }

  @Test(arguments: ["chosen", "cpus", "memory@200000"])
  func `refuses a name that is taken`(name: String) throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    let error = #expect(throws: DeviceTreeError.self) { try tree.addNode(name, to: "/") }

    #expect(error?.code == .exists)
    #expect(tree.blob == blob)
  }

  @Test func `tells unit addresses apart`() throws {
    var tree = try Fixtures.tree("board")

    try tree.addNode("cpu@200", to: "/cpus")
    try tree.addNode("cpu@20", to: "/cpus")

    #expect(try tree.children(of: "/cpus").prefix(3) == ["cpu@20", "cpu@200", "cpu@0"])
  }

  @Test(arguments: ["", "a/b", "/", "a\u{0}b", "a\nb", "\u{7f}", "Gerät", "\u{1b}[2J"])
  func `refuses a name that no path can say`(name: String) throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    let error = #expect(throws: DeviceTreeError.self) { try tree.addNode(name, to: "/soc") }

    #expect(error == DeviceTreeError(.badName, node: "/soc/" + name))
    #expect(tree.blob == blob)
  }

  @Test func `takes all below it away`() throws {
    let raw = try RawBlob(parsing: Fixtures.blob("board"))
    var tree = try DeviceTree(blob: raw.bytes())

    try tree.deleteNode("/soc")

    let start = try #require(raw.tokens.firstIndex(of: .beginNode("soc")))
    #expect(RawBlob(parsing: tree.blob).tokens == raw.tokens[..<start] + [.endNode, .end])
    #expect(try !tree.descendants(of: "/").contains { $0.hasPrefix("/soc") })
  }

  @Test func `deletes the first of those that a short path may mean`() throws {
    var tree = try Fixtures.tree("board")

    try tree.deleteNode("/cpus/cpu")
    try tree.deleteNode("serial0")

    #expect(try tree.children(of: "/cpus") == ["cpu@100", "cpu@10000"])
    #expect(!tree.contains("/soc/bus@fe000000/serial@650000"))
    #expect(!tree.contains("serial0"))
  }

  @Test(arguments: ["/", "//"])
  func `never deletes the root`(path: String) throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    #expect(throws: DeviceTreeError(.isRoot, node: path)) { try tree.deleteNode(path) }

    #expect(tree.blob == blob)
  }

  @Test func `undoes itself`() throws {
    let blob = try Fixtures.blob("board")
    var tree = try DeviceTree(blob: blob)

    for name in ["one", "two@2", "three"] { try tree.addNode(name, to: "/cpus") }
    for name in ["two", "one", "three"] { try tree.deleteNode("/cpus/" + name) }

    #expect(tree.blob == blob)
  }

  @Test func `changes no copy of the tree`() throws {
    let original = try Fixtures.tree("board")
    var tree = original

    try tree.deleteNode("/chosen")
    try tree.addNode("new", to: "/")

    #expect(original.contains("/chosen"))
    #expect(!original.contains("/new"))
    #expect(!tree.contains("/chosen"))
  }
}
