// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Compression
import ELF
import KernelImage
import TestSupport
import Testing

@Suite struct `The header of an arm64 Image` {
  /// `Documentation/arch/arm64/booting.rst`, section 4: flags.
  @Test(
    arguments: [
      (0xa, .little, 4096, true), (0xb, .big, 4096, true), (0x0, .little, nil, false),
      (0xc, .little, 16384, true), (0x6, .little, 65536, false),
    ] as [(UInt64, ByteOrder, UInt64?, Bool)])
  func `says byte order, pages and place`(
    flags: UInt64, order: ByteOrder, pageSize: UInt64?, isAnywhere: Bool
  ) throws {
    let bytes = KernelBuilder.arm64Image(flags: flags)
    let header = try ARM64Image(bytes.span)

    #expect(header.byteOrder == order)
    #expect(header.pageSize == pageSize)
    #expect(header.canLoadAnywhere == isAnywhere)
    #expect(try KernelImage(bytes.span).canLoadAnywhere == isAnywhere)
  }

  @Test func `is all that a loader needs`() throws {
    let bytes = KernelBuilder.arm64Image(size: 9000, imageSize: 0x8_0000, textOffset: 0x8_0000)
    let image = try KernelImage(bytes.span)

    #expect(image.format == .image(.arm64))
    #expect(image.machine == .arm64)
    #expect(image.alignment == 0x20_0000)
    #expect(image.textOffset == 0x8_0000)
    #expect(image.memorySize == 0x8_0000)
    #expect(image.entry == 0)
    #expect(image.linkAddress == nil)
    #expect(image.segments.map(\.file) == [0..<9000])
    #expect(image.segments.map(\.memorySize) == [0x8_0000])
  }

  /// `arch/arm64/kernel/kexec_image.c:image_load` refuses 0; a sum that wraps would place it anywhere.
  @Test(arguments: [(0, 0), (.max, 1), (1, .max)] as [(UInt64, UInt64)])
  func `says a size that can be`(imageSize: UInt64, textOffset: UInt64) throws {
    let bytes = KernelBuilder.arm64Image(imageSize: imageSize, textOffset: textOffset)

    let error = #expect(throws: ImageError.self) { try ARM64Image(bytes.span) }

    #expect(error?.description.hasPrefix("offset 0x10: image_size is ") == true)
  }

  /// A signed file may be padded; `kernel/kexec_file.c:kexec_add_buffer` takes no more than that.
  @Test(arguments: [(0x1_0000, 0x1_0000), (0x1_0001, nil), (0xf000, 0xf000)] as [(Int, Int?)])
  func `is of a file that fits its memory`(size: Int, loaded: Int?) throws {
    let bytes = KernelBuilder.arm64Image(size: size, imageSize: 0x1_0000)

    let image = try? KernelImage(bytes.span)

    #expect(image?.segments.first?.file.count == loaded)
  }

  @Test func `ends a padded file where its memory ends`() throws {
    let bytes = KernelBuilder.arm64Image(size: 0x9000, imageSize: 0x8800)

    #expect(try KernelImage(bytes.span).segments.map(\.file) == [0..<0x8800])
  }

  @Test(arguments: 0..<64)
  func `is whole`(size: Int) {
    let bytes = Array(KernelBuilder.arm64Image().prefix(size))

    #expect(throws: ImageError.self) { try ARM64Image(bytes.span) }
    #expect(throws: ImageError.self) { try KernelImage(bytes.span) }
  }
}

@Suite struct `The header of a riscv Image` {
  /// `arch/riscv/kernel/kexec_image.c:image_load` aligns to `text_offset`; a kernel in M-mode has 0.
  @Test(
    arguments: [
      (0x20_0000, 0x20_0000), (0, 0x20_0000), (0x40_0000, 0x40_0000),
    ] as [(UInt64, UInt64)])
  func `says what it is aligned to`(textOffset: UInt64, alignment: UInt64) throws {
    let bytes = KernelBuilder.riscvImage(imageSize: 0x2_0000, textOffset: textOffset)
    let image = try KernelImage(bytes.span)

    #expect(image.format == .image(.riscv))
    #expect(image.machine == .riscv)
    #expect(image.alignment == alignment)
    #expect(image.textOffset == 0)
    #expect(image.memorySize == 0x2_0000)
    #expect(image.entry == 0)
  }

  @Test(arguments: [(true, true), (true, false), (false, true), (false, false)])
  func `has one of two magic numbers`(magic: Bool, magic2: Bool) {
    let bytes = KernelBuilder.riscvImage(magic: magic, magic2: magic2)

    #expect((FileFormat(recognizing: bytes.span) == .image(.riscv)) == (magic || magic2))
    #expect(((try? RISCVImage(bytes.span)) != nil) == (magic || magic2))
  }

  @Test(
    arguments: [(0, 0x20_0000, 0), (0x1_0000, 0x20_0001, 0), (0x1_0000, 0x20_0000, 1)]
      as [(UInt64, UInt64, UInt64)])
  func `has size, alignment and byte order that can be`(
    imageSize: UInt64, textOffset: UInt64, flags: UInt64
  ) {
    let bytes = KernelBuilder.riscvImage(
      imageSize: imageSize, textOffset: textOffset, flags: flags)

    #expect(throws: ImageError.self) { try RISCVImage(bytes.span) }
  }

  @Test(arguments: 0..<64)
  func `is whole`(size: Int) {
    let bytes = Array(KernelBuilder.riscvImage().prefix(size))

    #expect(throws: ImageError.self) { try RISCVImage(bytes.span) }
  }
}

@Suite struct `The header of a LoongArch kernel` {
  /// `arch/loongarch/kernel/kexec_efi.c:efi_kexec_load`.
  @Test func `says entry and size by where it is linked`() throws {
    let bytes = KernelBuilder.loongArchImage()
    let image = try KernelImage(bytes.span)

    #expect(image.format == .image(.loongarch))
    #expect(image.machine == .loongarch)
    #expect(image.linkAddress == 0x20_0000)
    #expect(image.entry == 0x1000)
    #expect(image.memorySize == 0x1_0000)
    #expect(image.alignment == 0x20_0000)
  }

  @Test(
    arguments: [
      (0x1f_ffff, 0x1_0000, 0x20_0000), (0x21_0000, 0x1_0000, 0x20_0000), (0x20_0000, 0, 0x20_0000),
      (.max, .max, 0x20_0000),
    ] as [(UInt64, UInt64, UInt64)])
  func `has an entry in the kernel`(entry: UInt64, size: UInt64, textOffset: UInt64) {
    let bytes = KernelBuilder.loongArchImage(
      entry: entry, kernelSize: size, textOffset: textOffset)

    #expect(throws: ImageError.self) { try LoongArchImage(bytes.span) }
  }
}

@Suite struct `The header of a zboot file` {
  /// `drivers/firmware/efi/libstub/Makefile.zboot`, of Linux 6.1 to 7.2.
  @Test(
    arguments: [
      ("gzip", .gzip), ("zstd", .zstd), ("zstd22", .zstd), ("xzkern", .xz), ("lzma", .lzma),
      ("lz4", .lz4Legacy), ("lzo", .lzop),
    ] as [(String, CompressionFormat)])
  func `says how the kernel is packed`(type: String, format: CompressionFormat) throws {
    let bytes = KernelBuilder.zboot(type, payload: [1, 2, 3, 4], size: type == "gzip" ? nil : 7)
    let header = try ZbootHeader(bytes.span)

    #expect(header.compressionType == type)
    #expect(header.compression == format)
    #expect(header.payload == 512..<516)
    #expect(header.unpackedSize == (type == "gzip" ? 0x0403_0201 : 7))
  }

  @Test(arguments: ["", "zst", "zstd23", "gzip ", "bzip2", String(repeating: "x", count: 31)])
  func `has a type that kernels have`(type: String) {
    let bytes = KernelBuilder.zboot(type, payload: [1, 2, 3, 4], size: 7)

    #expect(throws: ImageError.self) { try ZbootHeader(bytes.span) }
  }

  /// kexec-tools adds both in 32 bits: a sum past 2^32 is taken for one inside of the file.
  @Test(
    arguments: [
      (0, 4), (512, 0), (512, 0xffff_ffff), (0xffff_fff0, 0x20), (0xffff_ffff, 0xffff_ffff),
      (63, 4),
      (1020, 4), (1024, 1), (512, 513),
    ] as [(UInt32, UInt32)])
  func `has its payload in the file, and the size after it`(offset: UInt32, size: UInt32) {
    var bytes = KernelBuilder.zboot("zstd", payload: [1, 2, 3, 4], size: 7)
    bytes.replaceSubrange(8..<16, with: KernelBuilder.little(offset) + KernelBuilder.little(size))

    #expect(bytes.count == 1024)
    #expect(throws: ImageError.self) { try ZbootHeader(bytes.span) }
  }

  @Test func `may end with the size`() throws {
    var bytes = KernelBuilder.zboot("zstd", payload: [1, 2, 3, 4], size: 7)
    bytes.replaceSubrange(8..<12, with: KernelBuilder.little(1016 as UInt32))

    #expect(try ZbootHeader(bytes.span).payload == 1016..<1020)
  }
}
