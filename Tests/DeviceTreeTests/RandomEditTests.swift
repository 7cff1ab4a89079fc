// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `Random edits` {
  @Test(
    arguments: [
      "chosen { a = <1>; in { }; }; x { y { }; }; z { };", "x { }; chosen { }; z { };",
      "x { }; z { a; chosen { }; }; chosen { b; };", "x { a; }; z { };",
      "x { }; chosen@0 { b; }; z { };",
      "",
    ], 0..<20 as Range<UInt64>)
  func `mean the same directly and in an excerpt`(source: String, seed: UInt64) throws {
    var (direct, tree) = (try DeviceTree(root: source), try DeviceTree(root: source))
    var random = SplitMix64(seed: seed)

    for _ in 0..<3 {
      let edits = (0...Int.random(in: 0..<12, using: &random)).map { _ in Edit(&random) }
      for edit in edits { direct.apply(edit) }
      try tree.edit(child: "chosen") { excerpt in
        for edit in edits { excerpt.apply(edit) }
      }

      // A child deleted and added again is in its old place in the one, in front in the other.
      let isOther = { (node: Node) in !node.name.hasPrefix("chosen") }
      #expect(tree.compared(with: direct).differences == [])
      #expect(tree.root.children.filter(isOther) == direct.root.children.filter(isOther))
      #expect(tree.reservations == direct.reservations)
      #expect(try DeviceTree(blob: tree.blob).root == tree.root)
    }
    #expect(try Fixtures.sortedSource(tree.blob) == Fixtures.sortedSource(direct.blob))
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `mean the same in a model of plain values`(seed: UInt64) throws {
    var tree = try Fixtures.tree("board")
    let others = tree.root.children.filter { $0.name != "chosen" }
    var model = Dictionary(
      uniqueKeysWithValues: try tree.properties(of: "/chosen").map { ($0.name, $0.value) })
    var random = SplitMix64(seed: seed)

    for _ in 0..<200 {
      switch Edit(&random) {
      case .set(let name, let value):
        try tree.setProperty(name, of: "/chosen", to: value)
        model[name] = value
      case .delete(let name):
        #expect(try tree.deleteProperty(name, of: "/chosen") == (model[name].map { [$0] } ?? []))
        model[name] = nil
      default: break
      }
    }

    let properties = try tree.properties(of: "/chosen")
    #expect(Set(properties) == Set(model.map { Property($0, $1) }))
    #expect(properties.count == model.count)
    #expect(tree.root.children.filter { $0.name != "chosen" } == others)
    #expect(try Set(fdtget(tree.blob, ["-p"], "/chosen")) == Set(model.keys))
  }

  fileprivate enum Edit {
    case set(String, PropertyValue)
    case delete(String)
    case addChild(String)
    case deleteChild(String)
    case deleteAll
    case reserve(AddressAndSize)
    case release(AddressAndSize)

    init(_ random: inout SplitMix64) {
      let name =
        ["a", "b", "bootargs", "new-\(random.next() % 4)"].randomElement(using: &random) ?? ""
      let sizes = [0, 1, 4, 9, 5000]
      let entry = AddressAndSize(address: random.next() % 3, size: 1)
      switch random.next() % 16 {
      case 0..<7:
        let count = sizes.randomElement(using: &random) ?? 0
        self = .set(name, PropertyValue(bytes: Array(repeating: UInt8(count % 251), count: count)))
      case 7..<10: self = .delete(name)
      case 10, 11: self = .addChild(name)
      case 12: self = .deleteChild(name)
      case 13: self = .deleteAll
      case 14: self = .reserve(entry)
      default: self = .release(entry)
      }
    }
  }
}

extension DeviceTree {
  /// Makes an edit; one that is refused changes nothing.
  fileprivate mutating func apply(_ edit: `Random edits`.Edit) {
    switch edit {
    case .set(let name, let value):
      if !contains("/chosen") { try? addNode("chosen", to: "/") }
      try? setProperty(name, of: "/chosen", to: value)
    case .delete(let name): _ = try? deleteProperty(name, of: "/chosen")
    case .addChild(let name): try? addNode(name, to: "/chosen")
    case .deleteChild(let name): try? deleteNode("/chosen/" + name)
    case .deleteAll: try? deleteNode("/chosen")
    case .reserve(let entry): try? addReservation(entry)
    case .release(let entry): _ = try? deleteReservation(entry)
    }
  }
}
