// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

private func sorted(_ names: [String], like known: [String]? = nil) -> [String] {
  var root = Node("", children: names.map { Node($0) })
  root.sort(like: known.map { Node("", children: $0.map { Node($0) }) })
  return root.children.map(\.name)
}

@Suite struct `Children in order` {
  @Test(arguments: [
    ["cpu@0", "cpu@2", "cpu@9", "cpu@a", "cpu@F", "cpu@10", "cpu@100"],
    ["isa@1", "isa@1,2", "isa@1,10", "isa@2", "isa@10,0"],
    ["a", "a@0", "a-b", "a-b@0", "ab", "b"],
    ["memory@0", "memory@80000000", "memory@100000000", "memory@ffffffffffffffffff"],
    ["n@", "n@0", "n@00", "n@01", "n@1", "n@A", "n@a", "n@10", "n@x", "n@y,1"],
  ])
  func `are sorted by name, then by unit address as numbers`(names: [String]) {
    #expect(sorted(names.reversed()) == names)
    #expect(sorted(names) == names)
    var random = SplitMix64(seed: 7)
    #expect(sorted(names.shuffled(using: &random)) == names)
  }

  @Test func `are in the order that is known, and new ones after them`() {
    let names = ["new@10", "new@2", "b", "a", "c"]

    #expect(sorted(names, like: ["c", "gone", "a", "b"]) == ["c", "a", "b", "new@2", "new@10"])
  }

  @Test func `of one name stay in their order`() {
    var root = Node(
      "", children: (0..<4).map { Node("twice", properties: [Property("n", .u32($0))]) })

    root.sort(like: Node("", children: [Node("twice"), Node("other"), Node("twice")]))

    #expect(root.children.map { $0["n"] } == (0..<4).map { .u32($0) })
  }

  @Test func `are sorted below, each node like the known one of its path`() {
    func root(_ names: [String]) -> Node {
      Node(
        "",
        children: names.map { name in
          Node(
            name, properties: names.map { Property(name + $0, .empty) },
            children: names.map { Node($0 + "@1") })
        })
    }
    let known = root(["z", "y", "x"])
    var tree = root(["x", "y", "z"])

    tree.sort(like: known)

    #expect(tree == known)
  }
}

@Suite struct `Properties in order` {
  @Test func `are sorted by the bytes of their names, after those that are known`() {
    var node = Node(
      "", properties: ["b", "B", "#b", "a10", "a9", "last"].map { Property($0, .empty) })

    node.sort(like: Node("", properties: [Property("last", .u32(1)), Property("a9", .empty)]))

    #expect(node.properties.map(\.name) == ["last", "a9", "#b", "B", "a10", "b"])
  }
}

@Suite struct `Reservations of a tree that is made` {
  @Test func `are those that it is made with, by the thousands in linear time`() throws {
    func entries(_ count: Int) -> [AddressAndSize] {
      (0..<count).map { AddressAndSize(address: UInt64($0) << 12, size: 1 + UInt64($0)) }
    }
    let root = Node("")

    let tree = try DeviceTree(root: root, reservations: entries(1000), bootCPU: 7)
    let (few, many) = (entries(12_500), entries(50_000))
    let growth = try Growth(
      from: { _ = try DeviceTree(root: root, reservations: few) },
      to: { _ = try DeviceTree(root: root, reservations: many) })

    #expect(tree.reservations == entries(1000))
    #expect(tree.bootCPU == 7)
    #expect(growth.isLinear)
  }

  @Test(arguments: [
    (AddressAndSize(address: 5, size: 0), DeviceTreeError.Code.emptyReservation),
    (AddressAndSize(address: .max, size: 2), .wrappingRange),
  ])
  func `are refused where no list could have them`(
    entry: AddressAndSize, code: DeviceTreeError.Code
  ) {
    #expect(throws: DeviceTreeError(code, value: entry.address)) {
      try DeviceTree(root: Node(""), reservations: [entry])
    }
  }
}
