// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The header of an uncompressed arm64 kernel (`Image`), 64 bytes.
///
/// Field names and meanings follow Linux `Documentation/arch/arm64/booting.rst`, section 4.
public struct ARM64Image: Hashable, Sendable {
  /// Bytes from a base, a multiple of 2 MiB, to the start of the image: 0 since Linux 5.10.
  public let textOffset: UInt64
  /// Bytes that the kernel needs from the start of the image, its BSS included.
  public let imageSize: UInt64
  /// What else it says of itself; ``byteOrder``, ``pageSize`` and ``canLoadAnywhere`` read it.
  public let flags: UInt64

  /// The byte order that the kernel runs in; the header is always little-endian.
  public var byteOrder: ByteOrder { flags & 1 == 0 ? .little : .big }
  /// Bytes in a page; nil when the kernel does not say.
  public var pageSize: UInt64? { [nil, 4096, 16384, 65536][Int(flags >> 1 & 3)] }
  /// Whether it may lie anywhere in memory, rather than as near as possible to the start of RAM.
  public var canLoadAnywhere: Bool { flags & 1 << 3 != 0 }

  /// What the base is a multiple of (`MIN_KIMG_ALIGN`).
  public static let baseAlignment: UInt64 = 2 << 20

  /// Whether a file begins with such a header.
  static func recognizes(_ file: Span<UInt8>) -> Bool {
    file.hasMagic(0x4152_4d64 /* "ARM\x64" */, at: 56)
  }

  /// Reads the header at the start of an image.
  ///
  /// - Throws: ``ImageError`` for another file, and for a kernel older than Linux 3.17, which does not
  ///   say its size: `arch/arm64/kernel/kexec_image.c:image_load` refuses it too.
  public init(_ file: Span<UInt8>) throws(ImageError) {
    guard Self.recognizes(file) else { throw .format(.badMagic(offset: 56)) }
    try file.requireHeader()
    textOffset = try file.field(at: 8)
    imageSize = try file.field(at: 16)
    flags = try file.field(at: 24)
    guard imageSize > 0 else {
      throw .field("image_size", offset: 16, value: 0, rule: "the kernel says how much it needs")
    }
    guard !textOffset.addingReportingOverflow(imageSize).overflow else {
      throw .field(
        "image_size", offset: 16, value: imageSize, rule: "text_offset + image_size fit 64 bits")
    }
  }
}
