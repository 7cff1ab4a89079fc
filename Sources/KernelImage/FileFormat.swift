// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import Compression
import ELF

/// The format of a file, or of a layer inside of one, by its bytes.
public enum FileFormat: Hashable, Sendable {
  /// An uncompressed arm64 kernel, `Image`.
  case arm64Image
  /// An uncompressed riscv kernel, `Image`.
  case riscvImage
  /// An uncompressed LoongArch kernel, `vmlinux.efi`.
  case loongArchImage
  /// An ELF file: `vmlinux`.
  case elf
  /// A UEFI program that unpacks its kernel, `vmlinuz.efi`.
  case zboot
  /// A unified kernel image (UKI): kernel, initrd, command line in one UEFI program.
  case unifiedImage
  /// A compressed file: `Image.gz`.
  case compressed(CompressionFormat)
  /// A kernel with the legacy header of U-Boot's `mkimage`.
  case legacyUImage
  /// A kernel for x86, `bzImage`.
  case bzImage
  /// Another UEFI program.
  case pe

  /// The format by its magic numbers; nil for an unknown one.
  ///
  /// The first match counts: an arm64 `Image` is a UEFI program, too.
  public init?(recognizing file: Span<UInt8>) {
    if file.hasMagic(ELFHeader.magic) {
      self = .elf
    } else if ZbootHeader.recognizes(file) {
      self = .zboot
    } else if ARM64Image.recognizes(file) {
      self = .arm64Image
    } else if RISCVImage.recognizes(file) {
      self = .riscvImage
    } else if file.hasMagic(0x4864_7253 /* "HdrS" */, at: 514) {
      self = .bzImage
    } else if let program = try? PEFile(file) {
      self = Self.kind(of: program)
    } else if file.hasMagic(0x2705_1956) {
      self = .legacyUImage
    } else if let compression = CompressionFormat(recognizing: file) {
      self = .compressed(compression)
    } else {
      return nil
    }
  }

  /// A LoongArch kernel has no magic number of its own.
  private static func kind(of program: PEFile) -> FileFormat {
    if program.sections.contains(where: { $0.name == ".linux" }) { return .unifiedImage }
    return program.machine == .loongarch ? .loongArchImage : .pe
  }
}

extension FileFormat: CustomStringConvertible {
  /// The usual name.
  public var description: String {
    switch self {
    case .arm64Image: "arm64 Image"
    case .riscvImage: "riscv Image"
    case .loongArchImage: "LoongArch EFI image"
    case .elf: "ELF"
    case .zboot: "EFI zboot"
    case .unifiedImage: "unified kernel image"
    case .compressed(let format): format.description
    case .legacyUImage: "legacy uImage"
    case .bzImage: "x86 bzImage"
    case .pe: "PE/COFF"
    }
  }
}
