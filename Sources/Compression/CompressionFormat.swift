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
