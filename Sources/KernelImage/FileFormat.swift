// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import Compression
public import ELF

/// The format of a file, or of a layer inside of one, by its bytes.
public enum FileFormat: Hashable, Sendable {
  /// An uncompressed kernel with its architecture's own header: `Image`; `vmlinux.efi` of LoongArch.
  case image(Machine)
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
    } else if let format = ImageFormat.all.first(where: { $0.recognizes(file) }) {
      self = .image(format.machine)
    } else if file.hasMagic(0x4864_7253 /* "HdrS" */, at: 514) {
      self = .bzImage
    } else if let program = try? PEFile(file) {
      self = program.isUnifiedImage ? .unifiedImage : .pe
    } else if file.hasMagic(0x2705_1956) {
      self = .legacyUImage
    } else if let compression = CompressionFormat(recognizing: file) {
      self = .compressed(compression)
    } else {
      return nil
    }
  }
}

extension FileFormat: CustomStringConvertible {
  /// The usual name.
  public var description: String {
    switch self {
    case .image(let machine): ImageFormat.of(machine)?.name ?? "\(machine) Image"
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
