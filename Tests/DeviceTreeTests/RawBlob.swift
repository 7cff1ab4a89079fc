// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree

/// A blob as its tokens, to be written in ways that dtc never writes.
///
/// It shares no code with what it tests, and reads only what dtc wrote.
struct RawBlob {
  /// One token of the structure block.
  enum Token: Hashable {
    case beginNode(String)
    case property(String, [UInt8])
    case endNode
    case nop
    case end
    /// Bytes as they are, in place of a token.
    case bytes([UInt8])
  }

  /// One of the blocks after the header.
  enum Block: CaseIterable {
    case reservations
    case structure
    case strings
  }

  var tokens: [Token]
  var reservations: [AddressAndSize] = []
  var bootCPU: UInt32 = 0

  /// A tree with these tokens inside its root.
  init(root tokens: [Token]) {
    self.tokens = [.beginNode("")] + tokens + [.endNode, .end]
  }

  /// Exactly these tokens.
  init(tokens: [Token]) { self.tokens = tokens }

  /// The same tree with two `FDT_NOP` tags in front of every token inside the root.
  var withNOPs: RawBlob {
    var copy = self
    let inside = tokens[1..<tokens.count - 1].flatMap { [.nop, .nop, $0] }
    copy.tokens = [tokens[0]] + inside + [.end]
    return copy
  }

  /// The blob.
  ///
  /// - Parameters:
  ///   - order: of the blocks.
  ///   - gap: how many bytes of rubbish to put in front of each block; alignment may add zeros.
  func bytes(order: [Block] = Block.allCases, gap: Int = 0) -> [UInt8] {
    var (structure, strings): ([UInt8], [UInt8]) = ([], [])
    for token in tokens { token.write(to: &structure, &strings) }
    var list: [UInt8] = []
    for entry in reservations + [AddressAndSize(address: 0, size: 0)] {
      list.append(bigEndian: entry.address)
      list.append(bigEndian: entry.size)
    }

    var body = [UInt8](repeating: 0, count: 40)
    var starts: [Block: Int] = [:]
    for block in order {
      body += Array(repeating: 0xa5, count: gap)
      while body.count % (block == .reservations ? 8 : 4) != 0 { body.append(0) }
      starts[block] = body.count
      body += block == .reservations ? list : block == .structure ? structure : strings
    }
    var header: [UInt8] = []
    let offsets = [Block.structure, .strings, .reservations].map { UInt32(starts[$0] ?? 0) }
    let fields: [UInt32] = [
      0xd00d_feed, UInt32(body.count), offsets[0], offsets[1], offsets[2], 17, 16, bootCPU,
      UInt32(strings.count), UInt32(structure.count),
    ]
    for field in fields { header.append(bigEndian: field) }
    return header + body.dropFirst(40)
  }
}

extension RawBlob.Token {
  fileprivate func write(to structure: inout [UInt8], _ strings: inout [UInt8]) {
    switch self {
    case .beginNode(let name):
      structure.append(bigEndian: 1 as UInt32)
      structure += name.utf8 + [0]
    case .property(let name, let value):
      structure.append(bigEndian: 3 as UInt32)
      structure.append(bigEndian: UInt32(value.count))
      structure.append(bigEndian: UInt32(strings.count))
      structure += value
      strings += name.utf8 + [0]
    case .endNode: structure.append(bigEndian: 2 as UInt32)
    case .nop: structure.append(bigEndian: 4 as UInt32)
    case .end: structure.append(bigEndian: 9 as UInt32)
    case .bytes(let bytes): structure += bytes
    }
    while structure.count % 4 != 0 { structure.append(0) }
  }
}

extension RawBlob {
  /// Takes a blob that dtc wrote apart.
  init(parsing blob: [UInt8]) {
    tokens = []
    bootCPU = blob.word(at: 28)
    for offset in stride(from: Int(blob.word(at: 16)), to: blob.count, by: 16) {
      let size = UInt64(blob.word(at: offset + 8)) << 32 | UInt64(blob.word(at: offset + 12))
      guard size > 0 else { break }
      let address = UInt64(blob.word(at: offset)) << 32 | UInt64(blob.word(at: offset + 4))
      reservations.append(AddressAndSize(address: address, size: size))
    }
    var offset = Int(blob.word(at: 8))
    while tokens.last != .end {
      let token = blob.token(at: &offset)
      tokens.append(token)
      offset = (offset + 3) & ~3
    }
  }
}

extension Array<UInt8> {
  /// The big-endian word at an offset.
  func word(at offset: Int) -> UInt32 {
    self[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// The same bytes with another big-endian word at an offset.
  func with(_ word: UInt32, at offset: Int) -> [UInt8] {
    var copy = self
    for index in 0..<4 {
      copy[offset + index] = UInt8(truncatingIfNeeded: word >> (24 - index * 8))
    }
    return copy
  }

  /// The text from an offset to the next NUL.
  fileprivate func text(at offset: Int) -> String {
    String(decoding: self[offset...].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// The token at an offset, which moves after it.
  fileprivate func token(at offset: inout Int) -> RawBlob.Token {
    let tag = word(at: offset)
    offset += 4
    switch tag {
    case 1:
      let name = text(at: offset)
      offset += name.utf8.count + 1
      return .beginNode(name)
    case 2: return .endNode
    case 3:
      let (size, name) = (Int(word(at: offset)), text(at: Int(word(at: 12) + word(at: offset + 4))))
      let value = Array(self[offset + 8..<offset + 8 + size])
      offset += 8 + size
      return .property(name, value)
    case 4: return .nop
    case 9: return .end
    default: preconditionFailure("dtc writes no tag \(tag)")
    }
  }
}
