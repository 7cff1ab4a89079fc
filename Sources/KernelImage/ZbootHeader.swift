// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import Compression

/// The header of an EFI zboot file: a UEFI program that unpacks its kernel.
///
/// Source: Linux `drivers/firmware/efi/libstub/zboot-header.S` and `Makefile.zboot`.
package struct ZbootHeader: Hashable, Sendable {
  /// The compression as the file names it: `gzip`, `zstd`, `zstd22`, `lzma`, `xzkern`, `lz4`, `lzo`.
  package let compressionType: String
  package let compression: CompressionFormat
  /// The place of the compressed kernel in the file.
  package let payload: Range<Int>
  /// Bytes of the unpacked kernel.
  package let unpackedSize: Int

  /// Whether a file begins with such a header.
  static func recognizes(_ file: Span<UInt8>) -> Bool {
    (try? file.bigEndian(UInt64.self, at: 0)) == 0x4d5a_0000_7a69_6d67 /* "MZ\0\0zimg" */
  }

  package init(_ file: Span<UInt8>) throws(ImageError) {
    guard Self.recognizes(file) else { throw .format(.badMagic(offset: 0)) }
    let start = Int(try file.field(UInt32.self, at: 8))
    let size = Int(try file.field(UInt32.self, at: 12))
    guard start >= 64, size > 0, start + size <= file.count else {
      throw .outside(
        "the payload", offset: UInt64(start), size: UInt64(size), fileSize: file.count)
    }
    payload = start..<start + size
    compressionType = try Self.type(file)
    guard let format = CompressionFormat(zbootName: compressionType) else {
      throw .packedBy(compressionType)
    }
    compression = format
    unpackedSize = try Self.unpackedSize(file, payload, compression)
  }

  private static func type(_ file: Span<UInt8>) throws(ImageError) -> String {
    let letters = try (24..<56).map { (offset) throws(ImageError) in
      try file.field(UInt8.self, at: offset)
    }.prefix { $0 != 0 }
    guard letters.count < 32, letters.allSatisfy({ 0x21...0x7e ~= $0 }) else {
      throw .packedBy(nil)
    }
    return String(decoding: letters, as: UTF8.self)
  }

  /// The size is appended to the payload; for gzip it is the last word of that (`ISIZE`).
  private static func unpackedSize(
    _ file: Span<UInt8>, _ payload: Range<Int>, _ compression: CompressionFormat
  ) throws(ImageError) -> Int {
    let place = compression == .gzip ? payload.upperBound - 4 : payload.upperBound
    guard place >= payload.lowerBound, place + 4 <= file.count else {
      throw .outside(
        "the size after the payload", offset: UInt64(place), size: 4, fileSize: file.count)
    }
    return Int(try file.field(UInt32.self, at: place))
  }
}
