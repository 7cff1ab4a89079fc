// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat
import ELF

/// The format of an architecture's uncompressed kernel, whose file is its only segment; a row each.
struct ImageFormat: Sendable {
  let machine: Machine
  let name: String
  /// The alignment of the load address of all the architecture's kernels, ELF files included.
  let alignment: UInt64
  let recognizes: @Sendable (Span<UInt8>) -> Bool
  let read: @Sendable (Span<UInt8>) throws(ImageError) -> KernelImage

  /// In the order in which a file is compared with them.
  static let all = [
    // `MIN_KIMG_ALIGN`.
    ImageFormat(
      machine: .arm64, name: "arm64 Image", alignment: 2 << 20,
      recognizes: ARM64Image.recognizes, read: ARM64Image.image),
    // A kernel in S-mode is mapped by pages of 2 MiB.
    ImageFormat(
      machine: .riscv, name: "riscv Image", alignment: 2 << 20,
      recognizes: RISCVImage.recognizes, read: RISCVImage.image),
    // `arch/loongarch/kernel/kexec_efi.c:efi_kexec_load`.
    ImageFormat(
      machine: .loongarch, name: "LoongArch EFI image", alignment: 2 << 20,
      recognizes: LoongArchImage.recognizes, read: LoongArchImage.image),
  ]

  /// The row of an architecture; nil for one whose kernels are ELF files alone.
  static func of(_ machine: Machine) -> ImageFormat? { all.first { $0.machine == machine } }
}

/// The header of an uncompressed arm64 kernel (`Image`), 64 bytes.
///
/// Field names and meanings follow Linux `Documentation/arch/arm64/booting.rst`, section 4.
package struct ARM64Image: Hashable, Sendable {
  /// Bytes from a base, a multiple of 2 MiB, to the start of the image: 0 since Linux 5.10.
  package let textOffset: UInt64
  /// Bytes that the kernel needs from the start of the image, its BSS included.
  package let imageSize: UInt64
  private let flags: UInt64

  /// The byte order that the kernel runs in; the header is always little-endian.
  package var byteOrder: ByteOrder { flags & 1 == 0 ? .little : .big }
  /// Bytes in a page; nil when the header does not state it.
  package var pageSize: UInt64? { [nil, 4096, 16384, 65536][Int(flags >> 1 & 3)] }
  /// Whether it may be anywhere in memory, rather than as near as possible to the start of RAM.
  package var canLoadAnywhere: Bool { flags & 1 << 3 != 0 }

  /// Whether a file begins with such a header.
  static func recognizes(_ file: Span<UInt8>) -> Bool {
    file.hasMagic(0x4152_4d64 /* "ARM\x64" */, at: 56)
  }

  /// Refuses kernels older than Linux 3.17, which do not state their size, as
  /// `arch/arm64/kernel/kexec_image.c:image_load` does.
  package init(_ file: Span<UInt8>) throws(ImageError) {
    guard Self.recognizes(file) else { throw .format(.badMagic(offset: 56)) }
    try file.requireHeader()
    textOffset = try file.field(at: 8)
    imageSize = try file.size("image_size", at: 16, from: textOffset)
    flags = try file.field(at: 24)
  }

  static func image(_ file: Span<UInt8>) throws(ImageError) -> KernelImage {
    let header = try Self(file)
    return KernelImage(
      format: .image(.arm64), machine: .arm64, byteOrder: header.byteOrder,
      pageSize: header.pageSize,
      alignment: 2 << 20, textOffset: header.textOffset, canLoadAnywhere: header.canLoadAnywhere,
      memorySize: header.imageSize,
      segments: [try .init(all: file.count, memorySize: header.imageSize)])
  }
}

/// The header of an uncompressed riscv kernel (`Image`), 64 bytes.
///
/// Field names and meanings follow Linux `Documentation/arch/riscv/boot-image-header.rst`.
package struct RISCVImage: Hashable, Sendable {
  /// Bytes from the start of RAM: 2 MiB; 0 for a kernel that runs in M-mode.
  package let textOffset: UInt64
  /// Bytes that the kernel needs from the start of the image, its BSS included.
  package let imageSize: UInt64
  /// The version of the header: major in the upper half, minor in the lower.
  package let version: UInt32

  /// The alignment of the start of the image: a kernel in S-mode is mapped by pages of 2 MiB.
  ///
  /// `arch/riscv/kernel/kexec_image.c:image_load` uses ``textOffset``.
  package var alignment: UInt64 { max(textOffset, 2 << 20) }

  /// Whether a file begins with such a header: by `magic2`, which replaces `magic`, or by `magic`.
  static func recognizes(_ file: Span<UInt8>) -> Bool {
    file.hasMagic(0x5253_4305 /* "RSC\x05" */, at: 56)
      || (try? file.bigEndian(UInt64.self, at: 48)) == 0x5249_5343_5600_0000 /* "RISCV" */
  }

  /// Refuses 32-bit and big-endian kernels, and those that do not state their size.
  package init(_ file: Span<UInt8>) throws(ImageError) {
    guard Self.recognizes(file) else { throw .format(.badMagic(offset: 56)) }
    try file.requireHeader()
    textOffset = try file.field(at: 8)
    let flags: UInt64 = try file.field(at: 24)
    version = try file.field(at: 32)
    guard textOffset == 0 || textOffset.nonzeroBitCount == 1 else {
      throw .field(
        "text_offset", offset: 8, value: textOffset, rule: "it is what addresses are aligned to")
    }
    imageSize = try file.size("image_size", at: 16, from: 0)
    guard flags & 1 == 0 else {
      throw .field("flags", offset: 24, value: flags, rule: "no kernel is big-endian")
    }
    guard try PEFile.machineNumber(of: file) != Machine.riscv.peNumberOf32Bit else {
      throw .thirtyTwoBit
    }
  }

  static func image(_ file: Span<UInt8>) throws(ImageError) -> KernelImage {
    let header = try Self(file)
    return KernelImage(
      format: .image(.riscv), machine: .riscv, alignment: header.alignment,
      memorySize: header.imageSize,
      segments: [try .init(all: file.count, memorySize: header.imageSize)])
  }
}

/// The header of an uncompressed LoongArch kernel (`vmlinux.efi`), 64 bytes.
///
/// Field names and meanings follow Linux `arch/loongarch/include/asm/image.h`. Its only magic numbers are
/// those of a PE/COFF file.
package struct LoongArchImage: Hashable, Sendable {
  /// The physical address of the entry, for a kernel at ``textOffset``.
  package let kernelEntry: UInt64
  /// Bytes that the kernel needs from the start of the image, its BSS included.
  package let kernelSize: UInt64
  /// The physical address that the kernel is linked for; only a relocatable one may be elsewhere.
  package let textOffset: UInt64

  /// Whether it is a UEFI program for LoongArch, and not a unified kernel image.
  static func recognizes(_ file: Span<UInt8>) -> Bool {
    guard let program = try? PEFile(file) else { return false }
    return program.machine == .loongarch && !program.isUnifiedImage
  }

  package init(_ file: Span<UInt8>) throws(ImageError) {
    guard try PEFile.machineNumber(of: file) == Machine.loongarch.peNumber else {
      throw .notLoaded(.pe)
    }
    kernelEntry = try file.field(at: 8)
    textOffset = try file.field(at: 24)
    kernelSize = try file.size("kernel_asize", at: 16, from: textOffset)
    guard kernelEntry >= textOffset, kernelEntry - textOffset < kernelSize else {
      throw .field(
        "kernel_entry", offset: 8, value: kernelEntry, rule: "the entry is within the kernel")
    }
  }

  static func image(_ file: Span<UInt8>) throws(ImageError) -> KernelImage {
    let header = try Self(file)
    return KernelImage(
      format: .image(.loongarch), machine: .loongarch, alignment: 2 << 20,
      linkAddress: header.textOffset, memorySize: header.kernelSize,
      entry: header.kernelEntry - header.textOffset,
      segments: [try .init(all: file.count, memorySize: header.kernelSize)])
  }
}

extension Span<UInt8> {
  /// Throws for a file without room for a header of 64 bytes, as all kernels but ELF files have.
  fileprivate func requireHeader() throws(ImageError) {
    guard count >= 64 else { throw .format(.truncated(offset: 0, size: 64)) }
  }

  /// Reads a kernel's size in memory, which is not 0 and does not wrap from its address on.
  fileprivate func size(
    _ name: String, at offset: Int, from start: UInt64
  ) throws(ImageError) -> UInt64 {
    let size: UInt64 = try field(at: offset)
    guard size > 0 else {
      throw .field(name, offset: offset, value: 0, rule: "a kernel must state the memory it needs")
    }
    guard !start.addingReportingOverflow(size).overflow else {
      throw .field(name, offset: offset, value: size, rule: "text_offset + \(name) fit 64 bits")
    }
    return size
  }
}
