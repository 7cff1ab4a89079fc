// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// An opened tree knows where the children of the root are, also after edits that move them.
@Suite struct `The children of the root` {
  /// Edits of one property, which grow the node, shrink it or leave its size.
  static let edits: [@Sendable (inout DeviceTree, String) throws -> Void] = [
    { try $0.setProperty("a-new-name", of: $1, to: .empty) },
    { try $0.setProperty("a-new-name", of: $1, to: PropertyValue(bytes: [1, 2, 3, 4, 5])) },
    { try $0.setProperty("compatible", of: $1, to: .string(String(repeating: "c", count: 9000))) },
    { try $0.deleteProperty("compatible", of: $1) },
    { try $0.deleteProperty("missing", of: $1) },
    { try $0.addReservation(AddressAndSize(address: UInt64($1.utf8.count), size: 1)) },
  ]

  @Test(arguments: edits.indices)
  func `are found after a property was edited anywhere`(edit: Int) throws {
    let opened = try Fixtures.tree("board")
    for node in try ["/"] + opened.descendants(of: "/") {
      var tree = opened

      try Self.edits[edit](&tree, node)

      try expectSame(tree, try DeviceTree(blob: tree.blob))
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `are found after many edits`(seed: UInt64) throws {
    var tree = try Fixtures.tree("board")
    var random = SplitMix64(seed: seed)

    for _ in 0..<30 {
      let nodes = try ["/"] + tree.descendants(of: "/")
      let node = try #require(nodes.randomElement(using: &random))
      let edit = try #require(Self.edits.randomElement(using: &random))
      try edit(&tree, node)
      if node != "/", random.next() % 10 == 0 { try tree.deleteNode(node) }

      try expectSame(tree, try DeviceTree(blob: tree.blob))
    }
  }

  @Test func `are found in an excerpt that is edited`() throws {
    var tree = try Fixtures.tree("board")

    try tree.edit(child: "soc") {
      for edit in Self.edits {
        for node in try ["/"] + $0.descendants(of: "/") {
          try edit(&$0, node)
          try expectSame($0, try DeviceTree(blob: $0.blob))
        }
      }
    }
  }

  /// Expects two trees of the same bytes to find the same.
  private func expectSame(_ tree: DeviceTree, _ other: DeviceTree) throws {
    let children = try other.children(of: "/")
    #expect(try tree.children(of: "/") == children)
    for child in children {
      #expect(try tree.fullPath(of: "/" + child) == "/" + child)
      #expect(try tree.properties(of: "/" + child) == other.properties(of: "/" + child))
    }
    #expect(!tree.contains("/missing"))
  }
}
