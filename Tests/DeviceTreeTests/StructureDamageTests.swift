// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// The structure block of these blobs begins at offset 56, and what is in the root at 64.
@Suite struct `A damaged structure` {
  @Test(arguments: Damage.ofStructure + Damage.ofNames + Damage.ofBlocks)
  func `is refused where it is wrong`(damage: Damage) {
    #expect(throws: damage.error) { try DeviceTree(blob: damage.blob) }
    #expect(throws: damage.error) { try DeviceTree(ownBlob: damage.blob.span) }
  }

  @Test func `may have 63 levels, as Linux reads`() throws {
    let tree = try DeviceTree(blob: nested(levels: 63))

    let deepest = try #require(tree.descendants(of: "/").last)
    #expect(deepest.count { $0 == "/" } == 62)
    #expect(try fdtget(tree.blob, ["-l"], deepest) == [])
    #expect(try fdtget(tree.blob, ["-l"], String(deepest.dropLast(2))) == ["n"])
  }

  @Test(arguments: [64, 65, 100_000])
  func `has no more of them`(levels: Int) {
    #expect(throws: DeviceTreeError(.tooDeep, offset: 56 + 63 * 8)) {
      try DeviceTree(blob: nested(levels: levels))
    }
  }

  /// Nodes inside each other, of 8 bytes each, the root among them.
  private func nested(levels: Int) -> [UInt8] {
    RawBlob(
      root: Array(repeating: .beginNode("n"), count: levels - 1)
        + Array(repeating: .endNode, count: levels - 1)
    ).bytes()
  }
}

extension Damage {
  static let ofStructure: [Damage] = [
    tokens("nothing", [], .truncated, 56),
    tokens("only an end", [.end], .badStructure, 56),
    tokens("only no-ops", [.nop, .nop], .truncated, 64),
    tokens("an unknown tag", [.beginNode(""), .bytes([0, 0, 0, 5]), .endNode], .badTag, 64, 5),
    tokens("a tag of zeros", [.beginNode(""), .bytes([0, 0, 0, 0])], .badTag, 64, 0),
    tokens("a large tag", [.bytes([0xff, 0xff, 0xff, 0xff])], .badTag, 56, 0xffff_ffff),
    tokens("a node ends before one begins", [.endNode, .end], .badStructure, 56),
    tokens("a property before the root", [.property("p", [])], .badStructure, 56),
    tokens(
      "a property after the root", [.beginNode(""), .endNode, .property("p", [])],
      .badStructure, 68),
    tokens(
      "a second root", [.beginNode(""), .endNode, .beginNode(""), .endNode, .end],
      .badStructure, 68),
    tokens("a node ends twice", [.beginNode(""), .endNode, .endNode, .end], .badStructure, 68),
    tokens("the end inside a node", [.beginNode(""), .end], .badStructure, 64),
    tokens("no end of the root", [.beginNode("")], .truncated, 64),
    tokens("no end of the tree", [.beginNode(""), .endNode], .truncated, 68),
    inRoot(
      "a property after a subnode", [.beginNode("n"), .endNode, .property("p", [])],
      .lateProperty, 76),
    inRoot(
      "a property after a subnode and a no-op",
      [.beginNode("n"), .endNode, .nop, .property("p", [])], .lateProperty, 80),
    tokens("a property's size cut off", [.beginNode(""), .bytes([0, 0, 0, 3])], .truncated, 64),
    tokens(
      "a property's name cut off", [.beginNode(""), .bytes([0, 0, 0, 3, 0, 0, 0, 0])],
      .truncated, 64),
    property("a value that is cut off", size: 9, nameOffset: 0, .truncated, 9),
    property("a value of 4 GiB", size: .max, nameOffset: 0, .truncated, 0xffff_ffff),
    property("a name after the strings", size: 0, nameOffset: 2, .badStructure, 2),
    property(
      "a name far after the strings", size: 0, nameOffset: .max, .badStructure, 0xffff_ffff),
    property("the empty string as a name", size: 0, nameOffset: 1, .badName, nil),
  ]

  static let ofNames: [Damage] = [
    inRoot("a node without a name", [.beginNode(""), .endNode], .badName, 64),
    inRoot("a property without a name", [.property("", [])], .badName, 64),
    inRoot("a slash in a node's name", [.beginNode("a/b"), .endNode], .badName, 64, 0x2f),
    inRoot("a control character", [.beginNode("a\u{1b}[2J"), .endNode], .badName, 64, 0x1b),
    inRoot("a line feed", [.beginNode("a\nb"), .endNode], .badName, 64, 0x0a),
    inRoot("a delete character", [.beginNode("a\u{7f}"), .endNode], .badName, 64, 0x7f),
    inRoot("an umlaut", [.beginNode("ä"), .endNode], .badName, 64, 0xc3),
    inRoot("a control character in a property", [.property("a\u{1}", [])], .badName, 64, 0x01),
    inRoot("an umlaut in a property", [.property("ä", [])], .badName, 64, 0xc3),
    tokens(
      "a node's name that does not end",
      [.beginNode(""), .bytes([0, 0, 0, 1] + Array("name".utf8))], .truncated, 64),
  ]

  static func tokens(
    _ name: String, _ tokens: [RawBlob.Token], _ code: DeviceTreeError.Code, _ offset: Int,
    _ value: UInt64? = nil
  ) -> Damage {
    Damage(
      name, RawBlob(tokens: tokens).bytes(), DeviceTreeError(code, offset: offset, value: value))
  }

  static func inRoot(
    _ name: String, _ inner: [RawBlob.Token], _ code: DeviceTreeError.Code, _ offset: Int,
    _ value: UInt64? = nil
  ) -> Damage {
    tokens(name, [.beginNode("")] + inner + [.endNode, .end], code, offset, value)
  }

  /// A root with a property `p`, whose size and place of the name are changed.
  private static func property(
    _ name: String, size: UInt32, nameOffset: UInt32, _ code: DeviceTreeError.Code, _ value: UInt64?
  ) -> Damage {
    let blob = RawBlob(root: [.property("p", [])]).bytes()
    return Damage(
      name, blob.with(size, at: 68).with(nameOffset, at: 72),
      DeviceTreeError(code, offset: 64, value: value))
  }
}
