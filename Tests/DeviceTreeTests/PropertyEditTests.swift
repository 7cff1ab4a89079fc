// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Setting and deleting properties` {
  @Test(arguments: [0, 1, 511, 4096, 1 << 20])
  func `keeps a value of any size`(byteCount: Int) throws {
    let value = PropertyValue(bytes: Array(repeating: 0xa5, count: byteCount))
    var tree = try Fixtures.tree("board")
    let others = try tree.properties(of: "/chosen")

    try tree.setProperty("vendor,blob", of: "/chosen", to: value)

    #expect(try tree.property("vendor,blob", of: "/chosen") == value)
    #expect(Set(try tree.properties(of: "/chosen")) == Set(others + [.init("vendor,blob", value)]))
    #expect(try DeviceTree(blob: tree.blob).property("vendor,blob", of: "/chosen") == value)
    let bytes = try fdtget(tree.blob, ["-t", "bx"], "/chosen", "vendor,blob").joined()
    #expect(bytes == Array(repeating: "a5", count: byteCount).joined(separator: " "))
  }

  @Test(arguments: [0, 1, 511, 4096, 1 << 20], [0, 5, 4096])
  func `replaces a value by a shorter or a longer one`(old: Int, new: Int) throws {
    var tree = try Fixtures.tree("board")
    let bare = tree.root

    try tree.setProperty(
      "a", of: "/psci", to: PropertyValue(bytes: Array(repeating: 1, count: old)))
    try tree.setProperty(
      "a", of: "/psci", to: PropertyValue(bytes: Array(repeating: 2, count: new)))

    #expect(try tree.property("a", of: "/psci")?.bytes == Array(repeating: 2, count: new))
    try tree.deleteProperty("a", of: "/psci")
    #expect(tree.root == bare)
  }

  @Test func `replaces a value where it stands`() throws {
    var tree = try Fixtures.tree("board")
    let names = try tree.properties(of: "/chosen").map(\.name)

    try tree.setProperty("bootargs", of: "/chosen", to: .string("quiet"))

    #expect(try tree.properties(of: "/chosen").map(\.name) == names)
    #expect(try fdtget(tree.blob, [], "/chosen", "bootargs") == ["quiet"])
  }

  @Test func `replaces the first of a doubled name`() throws {
    var tree = try DeviceTree(blob: `Properties of a node`.doubled)

    try tree.setProperty("first", of: "/", to: .u64(9))

    #expect(try tree.properties(of: "/").map(\.value.bytes.count) == [8, 1, 5])
  }

  @Test func `deletes every copy of a doubled name and returns them`() throws {
    var tree = try DeviceTree(blob: `Properties of a node`.doubled)

    let deleted = try tree.deleteProperty("first", of: "/")

    #expect(deleted == [.cells([0x0101_0101]), PropertyValue(bytes: [3, 3, 3, 3, 3])])
    #expect(try tree.properties(of: "/") == [Property("other", PropertyValue(bytes: [2]))])
    #expect(try tree.property("first", of: "/child") == PropertyValue(bytes: [4]))
    #expect(try fdtget(tree.blob, ["-p"], "/") == ["other"])
  }

  @Test func `deletes nothing where there is nothing`() throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    #expect(try tree.deleteProperty("nothing", of: "/chosen") == [])

    #expect(tree.blob == blob)
  }

  @Test(arguments: ["", "a\u{0}b", "a\nb", "\u{7f}", "Größe", "\u{1b}[2J"])
  func `refuses a name that cannot be read back`(name: String) throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    #expect(throws: DeviceTreeError(.badName, node: "/chosen", property: name)) {
      try tree.setProperty(name, of: "/chosen", to: .empty)
    }

    #expect(tree.blob == blob)
  }

  @Test func `grows the tree edit by edit`() throws {
    var tree = DeviceTree()

    for number in 0..<500 {
      try tree.addNode("node@\(number)", to: "/")
      try tree.setProperty("reg", of: "/node@\(number)", to: .u32(UInt32(number)))
      try tree.setProperty("name-\(number)", of: "/node@\(number)", to: .string("value"))
    }

    #expect(try fdtget(tree.blob, ["-l"], "/").count == 500)
    #expect(
      try fdtget(tree.blob, [], "/node@77", "reg", "/node@499", "name-499") == ["77", "value"])
  }
}
