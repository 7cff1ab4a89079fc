// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

/// The header of an uncompressed LoongArch kernel (`vmlinux.efi`), 64 bytes.
///
/// Field names and meanings follow Linux `arch/loongarch/include/asm/image.h`. It has no magic number
/// but those of a PE/COFF file.
public struct LoongArchImage: Hashable, Sendable {
  /// The physical address of the entry, for a kernel that lies at ``textOffset``.
  public let kernelEntry: UInt64
  /// Bytes that the kernel needs from the start of the image, its BSS included.
  public let kernelSize: UInt64
  /// The physical address that the kernel is linked for; only a relocatable one may lie elsewhere.
  public let textOffset: UInt64

  /// What the start of the image is a multiple of
  /// (`arch/loongarch/kernel/kexec_efi.c:efi_kexec_load`).
  public static let alignment: UInt64 = 2 << 20

  /// Bytes from the start of the image to the entry.
  public var entry: UInt64 { kernelEntry - textOffset }

  /// Reads the header at the start of an image.
  ///
  /// - Throws: ``ImageError`` for another file, and for one whose entry is not within the kernel.
  public init(_ file: Span<UInt8>) throws(ImageError) {
    guard try PEFile.machineNumber(of: file) == Machine.loongarch.peNumber else {
      throw .notLoaded(.pe)
    }
    kernelEntry = try file.field(at: 8)
    kernelSize = try file.field(at: 16)
    textOffset = try file.field(at: 24)
    guard kernelSize > 0 else {
      throw .field("kernel_asize", offset: 16, value: 0, rule: "the kernel says how much it needs")
    }
    guard !textOffset.addingReportingOverflow(kernelSize).overflow else {
      throw .field(
        "kernel_asize", offset: 16, value: kernelSize, rule: "text_offset + size fit 64 bits")
    }
    guard kernelEntry >= textOffset, kernelEntry - textOffset < kernelSize else {
      throw .field(
        "kernel_entry", offset: 8, value: kernelEntry, rule: "the entry is within the kernel")
    }
  }
}
