// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// A file of lzop, decoded by ``LZODecoder``; all its checksums are verified.
struct LZOPStream: StreamDecoder, ~Copyable {
  private let isForStart: Bool
  /// The flags of the header, once that was read.
  private var flags: UInt32?
  private(set) var position = 0
  let decodesInPlace = true

  init(_ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits) {
    isForStart = use == .start
  }

  /// The sum of the blocks' sizes.
  static func size(
    of stream: Span<UInt8>, _: CompressionFormat, _: UnpackingLimits
  ) throws(CompressionError) -> StreamSize {
    let header = try LZOPHeader(stream)
    var offset = header.size
    var size = 0
    while let block = try LZOPBlock(at: offset, of: stream, header.flags) {
      size += block.contentSize
      offset = block.data.upperBound
    }
    return .exactly(UInt64(size))
  }

  mutating func decode(
    _ stream: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState {
    if flags == nil {
      let header = try LZOPHeader(stream)
      (flags, position) = (header.flags, header.size)
    }
    guard let flags, let block = try LZOPBlock(at: position, of: stream, flags) else {
      position += 4
      return .ended
    }
    let data = stream.extracting(block.data)
    try block.dataChecksums.verify(data, at: block.data.lowerBound)
    guard isForStart || block.contentSize <= output.free else { return .full }

    // There may be room for the start of the block only.
    var written = 0
    try output.fill(atMost: block.contentSize, from: data) {
      (data, room) throws(CompressionError) in
      written = try unsafe block.decode(data, into: room)
      if written == block.contentSize {
        let content = unsafe UnsafeBufferPointer(rebasing: room[..<written])
        let bytes = unsafe Span(_unsafeElements: content)
        try block.contentChecksums.verify(bytes, at: block.data.lowerBound)
      }
      return (data.count, room.count - written)
    }
    position = block.data.upperBound
    return written == block.contentSize ? .more : .full
  }
}

/// The header of a file of lzop 0.94 or later; all integers are big-endian.
///
/// lzop has no specification; the fields are those of its own files.
private struct LZOPHeader {
  /// Bytes from the start of the file to the first block.
  let size: Int
  /// Which checksums blocks have.
  let flags: UInt32

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
    flags = try fields.next(in: stream)
    // A filter, or a part of a file that is in several.
    guard flags & (0x800 | 0x400) == 0 else {
      throw .unsupported(.lzop, offset: fields.offset - 4, feature: "a flag of \(hex(flags))")
    }
    fields.offset += 3 * 4  // mode and modification time
    fields.offset += Int(try fields.next(in: stream) as UInt8)  // the name
    try fields.verify(from: start, in: stream, isCRC: flags & 0x1000 != 0)
    if flags & 0x40 != 0 {
      let extraField = fields.offset
      fields.offset += Int(try fields.next(in: stream) as UInt32)
      try fields.verify(from: extraField, in: stream, isCRC: flags & 0x1000 != 0)
    }
    size = fields.offset
  }
}

/// The header of a block: its sizes and checksums.
private struct LZOPBlock {
  /// The place of its data.
  let data: Range<Int>
  /// The unpacked size.
  let contentSize: Int
  let contentChecksums: Checksums
  let dataChecksums: Checksums

  /// The largest block that lzop makes, or reads.
  private static let limit = 64 << 20

  struct Checksums {
    var adler, crc: UInt32?

    func verify(_ bytes: Span<UInt8>, at offset: Int) throws(CompressionError) {
      guard adler.map({ $0 == adler32(of: bytes) }) ?? true,
        crc.map({ $0 == crc32(of: bytes) }) ?? true
      else { throw .corrupt(.lzop, offset: offset, reason: "a checksum of the block is wrong") }
    }
  }

  /// Reads the header at an offset; nil at the size of 0 that ends the file.
  init?(at offset: Int, of stream: Span<UInt8>, _ flags: UInt32) throws(CompressionError) {
    var fields = LZOPFields(offset: offset)
    contentSize = Int(try fields.next(in: stream) as UInt32)
    if contentSize == 0 { return nil }
    let dataSize = Int(try fields.next(in: stream) as UInt32)
    guard contentSize <= Self.limit, dataSize > 0, dataSize <= contentSize else {
      throw .corrupt(
        .lzop, offset: offset, reason: "a block of \(dataSize) bytes that holds \(contentSize)")
    }
    contentChecksums = Checksums(
      adler: flags & 0x1 != 0 ? try fields.next(in: stream) : nil,
      crc: flags & 0x100 != 0 ? try fields.next(in: stream) : nil)
    // Data that is not compressed has none of its own.
    let flags = dataSize < contentSize ? flags : 0
    dataChecksums = Checksums(
      adler: flags & 0x2 != 0 ? try fields.next(in: stream) : nil,
      crc: flags & 0x200 != 0 ? try fields.next(in: stream) : nil)
    data = fields.offset..<fields.offset + dataSize
    guard data.upperBound <= stream.count else { throw .truncated(.lzop) }
  }

  /// Decodes the block into a room of its size, or its start into a smaller one.
  @unsafe func decode(
    _ data: UnsafeBufferPointer<UInt8>, into room: UnsafeMutableBufferPointer<UInt8>
  ) throws(CompressionError) -> Int {
    guard !room.isEmpty else { return 0 }
    guard data.count < contentSize else {
      return unsafe room.update(fromContentsOf: data.prefix(room.count))
    }
    var decoder = unsafe LZODecoder(data, into: room)
    do throws(LZOFault) {
      try decoder.decode()
      guard decoder.written == contentSize else { throw .endsEarly }
    } catch {
      guard error == .full, room.count < contentSize else { throw self.error(error) }
    }
    return decoder.written
  }

  private func error(_ fault: LZOFault) -> CompressionError {
    let reason =
      switch fault {
      case .endsEarly: "the block ends before its \(contentSize) bytes do"
      case .endsLate: "the block continues after its end"
      case .full: "the block holds more than its \(contentSize) bytes"
      case .distance(let distance): "a match starts \(distance) bytes back, before the block does"
      case .version(let version): "LZO bitstream version \(version)"
      }
    if case .version = fault {
      return .unsupported(.lzop, offset: data.lowerBound, feature: reason)
    }
    return .corrupt(.lzop, offset: data.lowerBound, reason: reason)
  }
}

/// Reads consecutive fields.
private struct LZOPFields {
  var offset: Int

  mutating func next<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    in stream: Span<UInt8>
  ) throws(CompressionError) -> Value {
    let value: Value = try CompressionFormat.lzop.integer(at: offset, of: stream, .big)
    offset += MemoryLayout<Value>.size
    return value
  }

  /// Reads the checksum that follows some fields of the header, and compares it with theirs.
  mutating func verify(
    from start: Int, in stream: Span<UInt8>, isCRC: Bool
  ) throws(CompressionError) {
    let end = offset
    let checksum: UInt32 = try next(in: stream)
    let bytes = stream.extracting(start..<end)
    guard (isCRC ? crc32(of: bytes) : adler32(of: bytes)) == checksum else {
      throw .corrupt(.lzop, offset: end, reason: "the checksum of the header is wrong")
    }
  }
}
