// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Testing

/// Names are read eight bytes at a time, so each byte is tried at each of eight places and more.
@Suite struct `A byte in a name` {
  static let name = String(repeating: "n", count: 20)
  static let places = Array(0..<20)

  @Test(arguments: places)
  func `of a node is printable ASCII and no slash`(place: Int) throws {
    try tryAll(at: place, in: [.beginNode(Self.name), .endNode]) { byte in
      0x20..<0x7f ~= byte && byte != UInt8(ascii: "/")
    }
  }

  @Test(arguments: places)
  func `of a property is printable ASCII`(place: Int) throws {
    try tryAll(at: place, in: [.property(Self.name, [])]) { 0x20..<0x7f ~= $0 }
  }

  /// Bytes that follow a bad one do not make it a good one.
  @Test(arguments: [0x01, 0x1f, 0x2f, 0x7f, 0x80, 0xaf, 0xff] as [UInt8])
  func `is refused before later ones that are`(byte: UInt8) throws {
    var blob = RawBlob(root: [.beginNode(Self.name), .endNode]).bytes()
    let start = try #require(blob.place(of: Self.name))
    for next in [0xff, 0x7f, 0x01, 0x2f, 0x80] as [UInt8] {
      blob.replaceSubrange(start + 2..<start + 4, with: [byte, next])

      #expect(throws: DeviceTreeError(.badName, offset: start - 4, value: UInt64(byte))) {
        try DeviceTree(blob: blob)
      }
    }
  }

  private func tryAll(
    at place: Int, in tokens: [RawBlob.Token], isLegal: (UInt8) -> Bool
  ) throws {
    let good = RawBlob(root: tokens).bytes()
    let start = try #require(good.place(of: Self.name))
    for byte in 1...UInt8.max {
      var blob = good
      blob[start + place] = byte

      if isLegal(byte) {
        #expect(throws: Never.self) { try DeviceTree(blob: blob) }
      } else {
        let error = #expect(throws: DeviceTreeError.self) { try DeviceTree(blob: blob) }
        #expect(error?.code == .badName)
        #expect(error?.value == UInt64(byte))
      }
    }
  }
}

extension Array<UInt8> {
  /// Where a text is.
  fileprivate func place(of text: String) -> Int? {
    indices.first { self[$0...].starts(with: text.utf8) }
  }
}
