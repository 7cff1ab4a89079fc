// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The header of an LZ4 frame, as far as it is needed here: the LZ4 frame format 1.6.4.
struct LZ4Frame {
  /// The unpacked size, if the frame states it.
  let contentSize: UInt64?
  private let headerSize: Int
  private let blockLimit: Int
  private let hasBlockChecksums: Bool
  private let hasDictionary: Bool

  /// The most bytes that any block of a frame holds.
  static let largestBlock = 4 << 20

  init(_ stream: Span<UInt8>) throws(CompressionError) {
    let flags: UInt8 = try CompressionFormat.lz4.integer(at: 4, of: stream, .little)
    let block: UInt8 = try CompressionFormat.lz4.integer(at: 5, of: stream, .little)
    hasBlockChecksums = flags & 1 << 4 != 0
    hasDictionary = flags & 1 != 0
    let hasContentSize = flags & 1 << 3 != 0
    contentSize =
      hasContentSize ? try CompressionFormat.lz4.integer(at: 6, of: stream, .little) : nil
    headerSize = 7 + (hasContentSize ? 8 : 0) + (hasDictionary ? 4 : 0)
    // 4 to 7 are 64 KiB to 4 MiB; liblz4 refuses the others.
    blockLimit = 1 << (8 + 2 * Int(block >> 4 & 7))
  }

  /// Refuses dictionaries, and blocks that need too much memory: liblz4 keeps one compressed and one
  /// decoded block, and 128 KiB of history.
  func check(_ limits: UnpackingLimits) throws(CompressionError) {
    guard !hasDictionary else {
      throw .unsupported(.lz4, offset: 4, feature: "a frame that needs a dictionary")
    }
    let memory = 2 * blockLimit + 128 << 10
    guard memory <= limits.memory else {
      throw .needsMemory(needed: memory, limit: limits.memory)
    }
  }

  /// The unpacked size if all compressed blocks but the last are full, as they are unless the encoder was
  /// flushed.
  func sumOfBlocks(in stream: Span<UInt8>) throws(CompressionError) -> Int {
    var (offset, size, last) = (headerSize, 0, 0..<0)
    while true {
      let word: UInt32 = try CompressionFormat.lz4.integer(at: offset, of: stream, .little)
      if word == 0 { break }
      let block = offset + 4..<offset + 4 + Int(word & ~(1 << 31))
      guard block.upperBound <= stream.count else { throw .truncated(.lz4) }
      if word >> 31 == 1 {
        size += block.count
      } else {
        size += blockLimit
        last = block
      }
      offset = block.upperBound + (hasBlockChecksums ? 4 : 0)
    }
    guard !last.isEmpty else { return size }
    return size - blockLimit + (lz4ContentSize(ofBlock: stream.extracting(last)) ?? blockLimit)
  }
}

/// A chunk of the legacy LZ4 format, as Linux `lib/decompress_unlz4.c` reads it.
struct LZ4Chunk {
  /// The place of the LZ4 block.
  let block: Range<Int>

  /// The most bytes that a chunk holds.
  static let contentLimit = 8 << 20
  /// The most bytes of a block of that size.
  private static let blockLimit = contentLimit + contentLimit / 255 + 16
  private static let magic: UInt32 = 0x184c_2102

  /// The next chunk; nil at the end of the stream.
  ///
  /// The format has no end mark. As in Linux a magic number may be repeated, and fewer than 4 bytes or a
  /// size of 0 end the stream; as in lz4's own program, so does a size that no chunk has. Kernel builds
  /// append the unpacked size, which for a small kernel looks like the size of a chunk: as the very last
  /// word it is none, because no chunk is empty.
  ///
  /// - Parameter unpackedSize: the bytes unpacked so far; unless nil, another last word is an error.
  init?(
    at start: Int, of stream: Span<UInt8>, unpackedSize: Int?
  ) throws(CompressionError) {
    let offset = Self.end(of: stream, at: start)
    guard let size = try? stream.integer(UInt32.self, at: offset, .little),
      size > 0, size <= Self.blockLimit
    else { return nil }
    block = offset + 4..<offset + 4 + Int(size)
    if block.lowerBound == stream.count, unpackedSize.map({ $0 == size }) ?? true { return nil }
    guard block.upperBound <= stream.count else { throw .truncated(.lz4Legacy) }
  }

  /// The end of the magic numbers from an offset on.
  static func end(of stream: Span<UInt8>, at start: Int) -> Int {
    var offset = start
    while let word = try? stream.integer(UInt32.self, at: offset, .little), word == magic {
      offset += 4
    }
    return offset
  }

  /// The error for a block that cannot be decoded.
  static func corrupt(at offset: Int) -> CompressionError {
    .corrupt(.lz4Legacy, offset: offset, reason: "not an LZ4 block of at most 8 MiB")
  }
}

/// The unpacked size of an LZ4 block, without decoding it: the sum of its sequences; nil for a malformed
/// block.
///
/// The LZ4 block format: a token, literals, and, except at the end, a distance and a match.
func lz4ContentSize(ofBlock block: Span<UInt8>) -> Int? {
  var (offset, size) = (0, 0)
  /// A length of 15 or more goes on in bytes, up to one that is not 255.
  func length(_ start: UInt8) -> Int? {
    guard start == 15 else { return Int(start) }
    var length = 15
    while offset < block.count {
      let byte = block[offset]
      length += Int(byte)
      offset += 1
      if byte != 255 { return length }
    }
    return nil
  }
  while offset < block.count {
    let token = block[offset]
    offset += 1
    guard let literals = length(token >> 4) else { return nil }
    offset += literals
    size += literals
    if offset == block.count { return size }
    offset += 2
    guard offset < block.count, let match = length(token & 15) else { return nil }
    size += match + 4
  }
  return nil
}
