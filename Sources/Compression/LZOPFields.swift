// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The header of a file of lzop 0.94 or later; all integers are big-endian.
///
/// lzop has no specification; the fields are those that its own files have.
struct LZOPHeader {
  /// Bytes from the start of the file to the first block.
  let size: Int
  /// The checksums that blocks have.
  let checksums: LZOPChecksums

  /// The newest version of lzop whose files are known: 1.04.
  private static let newestVersion: UInt16 = 0x1040

  /// Reads and verifies the header.
  init(_ stream: Span<UInt8>) throws(CompressionError) {
    var fields = LZOPFields(offset: CompressionFormat.lzop.magic.count)
    let start = fields.offset
    let version: UInt16 = try fields.next(in: stream)
    _ = try fields.next(in: stream) as UInt16  // the version of the LZO library
    let neededVersion: UInt16 = try fields.next(in: stream)
    guard version >= 0x0940, neededVersion <= Self.newestVersion else {
      throw .unsupported(
        .lzop, offset: start, feature: "version \(hex(max(version, neededVersion)))")
    }
    let method: UInt8 = try fields.next(in: stream)
    guard (1...3).contains(method) else {
      throw .unsupported(.lzop, offset: fields.offset - 1, feature: "compression method \(method)")
    }
    _ = try fields.next(in: stream) as UInt8  // the level
    let flags: UInt32 = try fields.next(in: stream)
    // A filter, or a part of a file that is in several.
    guard flags & (0x800 | 0x400) == 0 else {
      throw .unsupported(.lzop, offset: fields.offset - 4, feature: "a flag of \(hex(flags))")
    }
    fields.offset += 3 * 4  // mode and modification time
    fields.offset +=
      1 + Int(try CompressionFormat.lzop.integer(UInt8.self, at: fields.offset, of: stream, .big))
    try Self.verify(stream, from: start, &fields, isCRC: flags & 0x1000 != 0)
    if flags & 0x40 != 0 {
      let extraField = fields.offset
      fields.offset +=
        4 + Int(try CompressionFormat.lzop.integer(UInt32.self, at: extraField, of: stream, .big))
      try Self.verify(stream, from: extraField, &fields, isCRC: flags & 0x1000 != 0)
    }
    size = fields.offset
    checksums = LZOPChecksums(flags: flags)
  }

  /// Compares the checksum that follows some fields with that of the fields.
  private static func verify(
    _ stream: Span<UInt8>, from start: Int, _ fields: inout LZOPFields, isCRC: Bool
  ) throws(CompressionError) {
    let end = fields.offset
    let checksum: UInt32 = try fields.next(in: stream)
    let bytes = stream.extracting(start..<end)
    guard (isCRC ? crc32(of: bytes) : adler32(of: bytes)) == checksum else {
      throw .corrupt(.lzop, offset: end, reason: "the checksum of the header is wrong")
    }
  }
}

/// The checksums that each block has, in this order: for what it holds, and for its data.
struct LZOPChecksums {
  let contentAdler, contentCRC, dataAdler, dataCRC: Bool

  init(flags: UInt32) {
    contentAdler = flags & 0x1 != 0
    contentCRC = flags & 0x100 != 0
    dataAdler = flags & 0x2 != 0
    dataCRC = flags & 0x200 != 0
  }
}

/// The header of a block: its sizes and checksums.
struct LZOPBlock {
  /// Where its data is.
  let data: Range<Int>
  /// Bytes that it holds.
  let contentSize: Int
  private let contentAdler, contentCRC, dataAdler, dataCRC: UInt32?

  /// The largest that lzop makes, or reads.
  private static let limit = 64 << 20

  /// Reads the header at an offset; nil at the size of 0 that ends the file.
  init?(
    at offset: Int, of stream: Span<UInt8>, _ checksums: LZOPChecksums
  ) throws(CompressionError) {
    var fields = LZOPFields(offset: offset)
    contentSize = Int(try fields.next(in: stream) as UInt32)
    if contentSize == 0 { return nil }
    let dataSize = Int(try fields.next(in: stream) as UInt32)
    guard contentSize <= Self.limit, dataSize > 0, dataSize <= contentSize else {
      throw .corrupt(
        .lzop, offset: offset, reason: "a block of \(dataSize) bytes that holds \(contentSize)")
    }
    let isCompressed = dataSize < contentSize
    contentAdler = checksums.contentAdler ? try fields.next(in: stream) : nil
    contentCRC = checksums.contentCRC ? try fields.next(in: stream) : nil
    dataAdler = checksums.dataAdler && isCompressed ? try fields.next(in: stream) : nil
    dataCRC = checksums.dataCRC && isCompressed ? try fields.next(in: stream) : nil
    data = fields.offset..<fields.offset + dataSize
    guard data.upperBound <= stream.count else { throw .truncated(.lzop) }
  }

  /// Whether the data is LZO1X, and not what the block holds as it is.
  var isCompressed: Bool { data.count < contentSize }

  /// Verifies the checksums of the data.
  func verifyCompressed(_ bytes: Span<UInt8>) throws(CompressionError) {
    try verify(bytes, dataAdler, dataCRC)
  }

  /// Verifies the checksums of what the block holds.
  func verifyContent(_ bytes: Span<UInt8>) throws(CompressionError) {
    try verify(bytes, contentAdler, contentCRC)
  }

  private func verify(
    _ bytes: Span<UInt8>, _ adler: UInt32?, _ crc: UInt32?
  ) throws(CompressionError) {
    guard adler.map({ $0 == adler32(of: bytes) }) ?? true,
      crc.map({ $0 == crc32(of: bytes) }) ?? true
    else {
      throw .corrupt(.lzop, offset: data.lowerBound, reason: "a checksum of the block is wrong")
    }
  }
}

/// Reads the fields of lzop, one after the other.
private struct LZOPFields {
  var offset: Int

  mutating func next<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, in stream: Span<UInt8>
  ) throws(CompressionError) -> Value {
    let value: Value = try CompressionFormat.lzop.integer(at: offset, of: stream, .big)
    offset += MemoryLayout<Value>.size
    return value
  }
}
