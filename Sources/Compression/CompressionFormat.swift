// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The format of a compressed stream: those of compressed kernels and of EFI zboot images (Linux
/// `drivers/firmware/efi/libstub/Makefile.zboot`).
public enum CompressionFormat: String, CaseIterable, Hashable, Sendable {
  /// A member of a gzip file: RFC 1952.
  case gzip
  /// Zstandard frames: RFC 8878.
  case zstd
  /// An xz stream: the .xz file format 1.2.1.
  case xz
  /// An .lzma file, also called LZMA alone: a header of 13 bytes, and no checksum.
  case lzma
  /// An LZ4 frame: the LZ4 frame format 1.6.4.
  case lz4
  /// The legacy LZ4 format, which kernel builds use: no checksum and no end mark.
  case lz4Legacy
  /// A file of lzop: blocks of LZO1X.
  case lzop

  /// The format by its magic number; nil for anything else.
  ///
  /// An .lzma file has none. It is recognized by the properties byte 0x5d that all encoders write, a
  /// dictionary size of 2ⁿ or 2ⁿ + 2ⁿ⁻¹ of at least 4 KiB, and a size that is unknown or below 256 GiB.
  /// 13 bytes are enough for all formats.
  public init?(recognizing start: Span<UInt8>) {
    let format = Self.allCases.first { format in
      format.magic.count <= start.count
        && format.magic.indices.allSatisfy { format.magic[$0] == start[$0] }
    }
    guard let format, format != .lzma || startsLZMA(start) else { return nil }
    self = format
  }

  /// The bytes that a stream starts with.
  var magic: [UInt8] {
    switch self {
    case .gzip: [0x1f, 0x8b]
    case .zstd: [0x28, 0xb5, 0x2f, 0xfd]
    case .xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]
    case .lzma: [0x5d]
    case .lz4: [0x04, 0x22, 0x4d, 0x18]
    case .lz4Legacy: [0x02, 0x21, 0x4c, 0x18]
    case .lzop: [0x89, 0x4c, 0x5a, 0x4f, 0x00, 0x0d, 0x0a, 0x1a, 0x0a]
    }
  }
}

extension CompressionFormat {
  /// The format by its name in an EFI zboot file, `comp-type-y` of `Makefile.zboot`; 7.2 has `gzip` and
  /// `zstd` alone.
  public init?(zbootName: String) {
    let formats: [String: Self] = [
      "gzip": .gzip, "zstd": .zstd, "zstd22": .zstd, "xzkern": .xz, "lzma": .lzma,
      "lz4": .lz4Legacy, "lzo": .lzop,
    ]
    guard let format = formats[zbootName] else { return nil }
    self = format
  }
}

/// Whether an encoder would write these fields of an .lzma header.
private func startsLZMA(_ start: Span<UInt8>) -> Bool {
  guard let dictionary = try? start.integer(UInt32.self, at: 1, .little),
    let size = try? start.integer(UInt64.self, at: 5, .little)
  else { return false }
  let highestBit = UInt32(1) << UInt32(max(0, 31 - dictionary.leadingZeroBitCount))
  let isPlain = dictionary == .max || dictionary & ~(highestBit | highestBit >> 1) == 0
  return dictionary >= 1 << 12 && isPlain && (size == .max || size < 1 << 38)
}

extension CompressionFormat: CustomStringConvertible {
  /// The name of its program.
  public var description: String { self == .lz4Legacy ? "lz4 (legacy)" : rawValue }
}

extension CompressionFormat {
  /// Unpacks a stream, and verifies all its checksums.
  ///
  /// A stream ends where its format says: gzip after one member, xz after one stream, lz4 after one frame.
  /// Consecutive frames of zstd, skippable ones included, are one stream. lz4 (legacy) has no end mark: it
  /// ends with the input, or before a word that is 0, larger than any chunk, or, as the last of all, the
  /// size of the unpacked bytes, which kernel builds append.
  ///
  /// The bytes are decoded into one buffer of their size. A stream that does not state its size gets a
  /// buffer of eight times its own, whose unused part takes no memory; when it holds more, and when the
  /// last word of gzip is not its size, it is decoded twice, unless `expectedSize` is given.
  ///
  /// - Parameters:
  ///   - stream: the stream from its start on, and whatever follows it.
  ///   - expectedSize: the exact size declared elsewhere. More is an error at once, fewer at the end.
  ///   - limits: the most memory.
  ///   - progress: called every few MiB with the bytes decoded so far; it begins again at 0 when a
  ///     stream is decoded twice.
  public func unpack(
    _ stream: Span<UInt8>, expectedSize: Int? = nil, limits: UnpackingLimits = .init(),
    progress: ((Int) -> Void)? = nil
  ) throws(CompressionError) -> Unpacked {
    let unpacking = Unpacking(
      format: self, limits: limits, expectedSize: expectedSize, progress: progress)
    return try decode(stream, by: unpacking, count: nil)
  }

  /// The first unpacked bytes, to recognise the contents without unpacking all.
  ///
  /// - Parameters:
  ///   - stream: the stream from its start on, and whatever follows it.
  ///   - count: the most bytes; fewer are returned if the stream holds fewer.
  ///   - limits: the most memory.
  public func start(
    of stream: Span<UInt8>, count: Int, limits: UnpackingLimits = .init()
  ) throws(CompressionError) -> [UInt8] {
    let unpacking = Unpacking(format: self, limits: limits, expectedSize: nil, progress: nil)
    return try decode(stream, by: unpacking, count: count).bytes
  }

  /// Decodes a stream: its first bytes, or all.
  private func decode(
    _ stream: Span<UInt8>, by unpacking: Unpacking, count: Int?
  ) throws(CompressionError) -> Unpacked {
    switch self {
    case .gzip: try unpacking.decode(stream, count, with: GzipStream.self)
    case .zstd: try unpacking.decode(stream, count, with: ZstdStream.self)
    case .xz, .lzma: try unpacking.decode(stream, count, with: XZStream.self)
    case .lz4: try unpacking.decode(stream, count, with: LZ4Stream.self)
    case .lz4Legacy: try unpacking.decode(stream, count, with: LZ4LegacyStream.self)
    case .lzop: try unpacking.decode(stream, count, with: LZOPStream.self)
    }
  }
}

// MARK: - Fields of a stream

extension CompressionFormat {
  /// Checks that a stream starts with the magic number.
  func checkMagic(of stream: Span<UInt8>) throws(CompressionError) {
    for (offset, byte) in magic.enumerated() {
      guard offset < stream.count else { throw .truncated(self) }
      guard stream[offset] == byte else {
        throw .corrupt(self, offset: 0, reason: "not the magic number of this format")
      }
    }
  }

  /// Reads an integer of a stream's own fields.
  func integer<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int, of stream: Span<UInt8>, _ order: ByteOrder
  ) throws(CompressionError) -> Value {
    do { return try stream.integer(at: offset, order) } catch { throw .truncated(self) }
  }
}
