// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

/// The header of an uncompressed riscv kernel (`Image`), 64 bytes.
///
/// Field names and meanings follow Linux `Documentation/arch/riscv/boot-image-header.rst`.
public struct RISCVImage: Hashable, Sendable {
  /// Bytes from the start of RAM: 2 MiB; 0 for a kernel that runs in M-mode.
  public let textOffset: UInt64
  /// Bytes that the kernel needs from the start of the image, its BSS included.
  public let imageSize: UInt64
  /// The version of the header: major in the upper half, minor in the lower.
  public let version: UInt32

  /// What the start of the image is a multiple of: a kernel in S-mode is mapped by pages of 2 MiB.
  ///
  /// `arch/riscv/kernel/kexec_image.c:image_load` takes ``textOffset`` for it.
  public var alignment: UInt64 { max(textOffset, 2 << 20) }

  /// Whether a file begins with such a header: by `magic2`, which replaces `magic`, or by `magic`.
  static func recognizes(_ file: Span<UInt8>) -> Bool {
    file.hasMagic(0x5253_4305 /* "RSC\x05" */, at: 56)
      || (try? file.bigEndian(UInt64.self, at: 48)) == 0x5249_5343_5600_0000 /* "RISCV" */
  }

  /// Reads the header at the start of an image.
  ///
  /// - Throws: ``ImageError`` for another file, for a 32-bit or a big-endian kernel, and for one that
  ///   does not say its size.
  public init(_ file: Span<UInt8>) throws(ImageError) {
    guard Self.recognizes(file) else { throw .format(.badMagic(offset: 56)) }
    try file.requireHeader()
    textOffset = try file.field(at: 8)
    imageSize = try file.field(at: 16)
    let flags: UInt64 = try file.field(at: 24)
    version = try file.field(at: 32)
    guard textOffset == 0 || textOffset.nonzeroBitCount == 1 else {
      throw .field(
        "text_offset", offset: 8, value: textOffset, rule: "it is what addresses are aligned to")
    }
    guard imageSize > 0 else {
      throw .field("image_size", offset: 16, value: 0, rule: "the kernel says how much it needs")
    }
    guard flags & 1 == 0 else {
      throw .field("flags", offset: 24, value: flags, rule: "no kernel is big-endian")
    }
    guard try PEFile.machineNumber(of: file) != Machine.riscv.peNumberOf32Bit else {
      throw .thirtyTwoBit
    }
  }
}
