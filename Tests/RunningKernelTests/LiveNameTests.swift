// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import RunningKernel
import TestSupport
import Testing

private func property(_ name: String, _ value: UInt32 = 1) -> Property {
  Property(name, .u32(value))
}

/// The root of what a folder of these properties and nodes is.
private func read(
  properties: [Property] = [property("p")], children: [Node] = []
) throws -> (root: Node, restored: [String]) {
  let folder = try liveFolder(Node("", properties: properties, children: children))
  let live = try LiveTree(folder: folder)
  #expect(try LiveTree(tarOf: folder).tree == live.tree)
  return (live.tree.root, live.restoredNames)
}

/// Names as `drivers/of/kobj.c:safe_name` changes them where a folder could have them twice.
@Suite struct `A name with a number after it` {
  @Test func `is a child's that had the name of a property`() throws {
    let (root, restored) = try read(
      properties: [property("l2-cache")],
      children: [Node("l2-cache#1", properties: [Property("name", .string("l2-cache"))])])

    #expect(root.properties == [property("l2-cache")])
    #expect(root.children == [Node("l2-cache")])
    #expect(restored == ["/l2-cache#1"])
  }

  @Test func `is a property's that had the name of a child`() throws {
    let (root, restored) = try read(
      properties: [property("ranges#1")], children: [Node("ranges")])

    #expect(root.properties == [property("ranges")])
    #expect(root.children == [Node("ranges")])
    #expect(restored == ["/ranges#1"])
  }

  @Test func `is a copy's, which comes after what it is a copy of`() throws {
    let (root, restored) = try read(
      properties: [property("p#10", 10), property("p#2", 2), property("p"), property("p#1", 11)],
      children: [
        Node("n@1#1", properties: [property("second")]),
        Node("n@1", properties: [property("first")]),
      ])

    #expect(
      root.properties == [property("p"), property("p", 11), property("p", 2), property("p", 10)])
    #expect(root.children.map(\.name) == ["n@1", "n@1"])
    #expect(root.children.map(\.properties[0].name) == ["first", "second"])
    #expect(restored == ["/n@1#1", "/p#1", "/p#10", "/p#2"])
  }

  @Test func `stays where nothing has the name without it`() throws {
    let properties = ["a#1", "b#17", "c#0", "c", "d#01", "d", "e#x", "e", "b"].map { property($0) }
    let nodes = [
      Node("n@1#1"),
      Node("own#1", properties: [Property("name", .string("own#1"))]), Node("own"),
    ]

    let (root, restored) = try read(properties: properties, children: nodes)

    #expect(Set(root.properties.map(\.name)) == Set(properties.map(\.name)))
    #expect(root.children.map(\.name) == ["n@1#1", "own", "own#1"])
    #expect(restored == [])
  }

  @Test func `is taken back where the node's own name tells it, though what it clashed with went`()
    throws
  {
    let (root, restored) = try read(
      children: [Node("cache#1", properties: [Property("name", .string("cache"))])])

    #expect(root.children == [Node("cache")])
    #expect(restored == ["/cache#1"])
  }
}

/// `drivers/of/fdt.c:populate_properties` makes up `name` for nodes without one.
@Suite struct `The property called name` {
  @Test(arguments: [("cpu@0", "cpu"), ("soc", "soc"), ("a@b@c", "a@b"), ("@1", "")])
  func `is dropped where the kernel would make it up again`(node: String, name: String) throws {
    let (root, _) = try read(
      children: [Node(node, properties: [Property("name", .string(name)), property("reg")])])

    #expect(root.children == [Node(node, properties: [property("reg")])])
  }

  @Test func `is dropped where it is the whole name, as a CPU has it that QEMU plugged in`() throws
  {
    let node = "PowerPC,POWER9@1"

    let (root, _) = try read(
      children: [Node(node, properties: [Property("name", .string(node)), property("reg")])])

    #expect(root.children == [Node(node, properties: [property("reg")])])
  }

  @Test(arguments: [
    PropertyValue.string("other"), .string("cpu@"), .string("cpu@00"), .empty,
    PropertyValue(bytes: Array("cpu".utf8)),
    .strings(["cpu", ""]),
  ])
  func `stays where it can only come from firmware`(value: PropertyValue) throws {
    let (root, _) = try read(children: [Node("cpu@0", properties: [Property("name", value)])])

    #expect(root.children[0]["name"] == value)
  }
}
