// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import KernelImage
import TestSupport
import Testing

@Suite struct `A kernel in an ELF file` {
  @Test(arguments: [false, true])
  func `of ppc64 starts where it is loaded`(isBigEndian: Bool) throws {
    var elf = ppc64()
    elf.isBigEndian = isBigEndian
    let bytes = elf.bytes
    let image = try KernelImage(bytes.span)

    #expect(image.format == .elf)
    #expect(image.machine == .ppc64)
    #expect(image.byteOrder == (isBigEndian ? .big : .little))
    #expect(image.entry == 0)
    #expect(image.linkAddress == 0)
    #expect(image.memorySize == 0x3_0000)
    #expect(image.alignment == 0x1_0000)
    #expect(image.segments.map(\.file) == [120..<120 + 0x800])
    #expect(image.segments.map(\.memorySize) == [0x3_0000])
  }

  /// The first ABI of ppc64: `e_entry` is the address of a descriptor that begins with the code's.
  @Test(arguments: [0, 1, 2] as [UInt32])
  func `of ppc64 may start by a function descriptor`(abi: UInt32) throws {
    var elf = ppc64()
    elf.isBigEndian = true
    elf.flags = abi
    elf.entry = 0xc000_0000_0000_0010
    let code: UInt64 = 0xc000_0000_0000_0400
    elf.segments[0].bytes.replaceSubrange(0x10..<0x18, with: KernelBuilder.little(code.byteSwapped))
    let bytes = elf.bytes

    #expect(try KernelImage(bytes.span).entry == (abi == 2 ? 0x10 : 0x400))
  }

  /// `arch/powerpc/kernel/vmlinux.lds.S`: Linux points to code by either ABI.
  @Test(arguments: [0, 1, 2] as [UInt32])
  func `of ppc64 may start by its code by either ABI`(abi: UInt32) throws {
    var elf = ppc64()
    elf.isBigEndian = true
    elf.flags = abi
    let bytes = elf.bytes

    #expect(try KernelImage(bytes.span).entry == 0)
    elf.entry = 0xc000_0000_0000_0900
    expectRefusal(elf, "e_entry is 0xc000000000000900")
  }

  /// `arch/riscv/kernel/kexec_elf.c:riscv_kexec_elf_load`: distances are kept.
  @Test func `keeps the distances of its segments`() throws {
    var elf = KernelBuilder.ELF()
    elf.machine = 243
    elf.type = 3
    elf.entry = 0xffff_ffff_8000_1000
    elf.segments = [
      .init(virtual: 0xffff_ffff_8040_0000, physical: 0x8060_0000, memorySize: 0x5000),
      .init(
        virtual: 0xffff_ffff_8000_0000, physical: 0x8020_0000, memorySize: 0x2000,
        alignment: 0x1000, bytes: Array(repeating: 7, count: 0x1100)),
      .init(type: 4, virtual: 0, physical: 0, memorySize: 16, alignment: 4, bytes: [1, 2]),
    ]
    let bytes = elf.bytes
    let image = try KernelImage(bytes.span)

    #expect(image.machine == .riscv)
    #expect(image.linkAddress == 0x8020_0000)
    #expect(image.alignment == 0x20_0000)
    #expect(image.segments.map(\.offset) == [0, 0x40_0000])
    #expect(image.segments.map(\.memorySize) == [0x2000, 0x5000])
    #expect(image.segments.map(\.file.count) == [0x1100, 0])
    #expect(image.memorySize == 0x40_5000)
    #expect(image.entry == 0x1000)
  }

  /// `arch/loongarch/kernel/kexec_elf.c`: physical addresses are in the window of cached memory.
  @Test func `of LoongArch is linked in a window`() throws {
    var elf = KernelBuilder.ELF()
    elf.machine = 258
    elf.entry = 0x9000_0000_0020_1000
    elf.segments = [
      .init(
        virtual: 0x9000_0000_0020_0000, physical: 0x9000_0000_0020_0000, memorySize: 0x4000,
        bytes: Array(repeating: 1, count: 0x2000))
    ]
    let bytes = elf.bytes
    let image = try KernelImage(bytes.span)

    #expect(image.linkAddress == 0x20_0000)
    #expect(image.entry == 0x1000)
  }

  /// `arch/x86/kernel/vmlinux.lds.S`: `e_entry` is the physical address of `startup_64`.
  @Test func `of x86 starts at a physical address`() throws {
    var elf = KernelBuilder.ELF()
    elf.machine = 62
    elf.entry = 0x100_0040
    elf.segments = [
      .init(
        virtual: 0xffff_ffff_8100_0000, physical: 0x100_0000, memorySize: 0x4000,
        bytes: Array(repeating: 1, count: 0x100))
    ]
    let bytes = elf.bytes

    #expect(try KernelImage(bytes.span).entry == 0x40)
  }

  @Test func `of arm64 holds an Image`() throws {
    var elf = KernelBuilder.ELF()
    elf.machine = 183
    elf.entry = 0xffff_8000_8000_0000
    elf.segments = [
      .init(
        virtual: 0xffff_8000_8000_0000, physical: 0xffff_8000_8000_0000, memorySize: 0x6000,
        bytes: KernelBuilder.arm64Image(imageSize: 0x8000, flags: 0xc))
    ]
    let bytes = elf.bytes
    let image = try KernelImage(bytes.span)

    #expect(image.format == .elf)
    #expect(image.pageSize == 16384)
    #expect(image.linkAddress == nil)
    #expect(image.memorySize == 0x8000)
    #expect(image.alignment == 0x20_0000)
  }

  @Test func `of arm64 without an Image is refused`() {
    var elf = ppc64()
    elf.machine = 183

    expectRefusal(elf, "not the magic number")
  }

  private func ppc64() -> KernelBuilder.ELF { goodKernel() }
}

/// `kernel/kexec_elf.c`, and what it leaves out.
@Suite struct `A kernel in an ELF file is refused` {
  @Test(
    arguments: [
      (4, [1], "offset 0x4"), (5, [3], "offset 0x5"), (6, [0], "EI_VERSION is 0x0"),
      (16, [4, 0], "e_type is 0x4"), (16, [1, 0], "e_type is 0x1"),
      (18, [8, 0], "e_machine is 0x8"), (20, [2, 0, 0, 0], "e_version is 0x2"),
      (52, [52, 0], "e_ehsize is 0x34"), (54, [32, 0], "offset 0x36"),
      (56, [0, 0], "e_phnum is 0x0"), (60, [1, 0], "e_shentsize is 0x0"),
      (58, [64, 0, 1, 0], "e_shoff"), (24, Array(repeating: 0x7f, count: 8), "e_entry"),
    ] as [(Int, [UInt8], String)])
  func `for a field of its header`(offset: Int, value: [UInt8], text: String) {
    var bytes = goodKernel().bytes
    if offset == 58 { bytes.replaceSubrange(40..<48, with: KernelBuilder.little(UInt64.max)) }
    bytes.replaceSubrange(offset..<offset + value.count, with: value)

    expectRefusal(bytes, text)
  }

  @Test(arguments: ["offset", "size", "memory", "smaller", "alignment", "interpreter", "none"])
  func `for a program header`(fault: String) {
    var elf = goodKernel()
    var bytes = elf.bytes
    switch fault {
    case "offset": bytes.replaceSubrange(72..<80, with: KernelBuilder.little(UInt64.max - 3))
    case "size": bytes.replaceSubrange(96..<104, with: KernelBuilder.little(0x801 as UInt64))
    case "memory":
      bytes.replaceSubrange(88..<96, with: KernelBuilder.little(UInt64.max - 0xffff))
    case "smaller": bytes.replaceSubrange(104..<112, with: KernelBuilder.little(0x7ff as UInt64))
    case "alignment": bytes.replaceSubrange(112..<120, with: KernelBuilder.little(3 as UInt64))
    case "interpreter":
      elf.segments.append(.init(type: 3, virtual: 0, physical: 0, memorySize: 0))
      bytes = elf.bytes
    default: bytes.replaceSubrange(64..<68, with: KernelBuilder.little(4 as UInt32))
    }

    expectRefusal(bytes, "")
  }

  @Test func `for segments that overlap`() {
    var elf = goodKernel()
    elf.segments.append(
      .init(virtual: 0xc000_0000_0002_ffff, physical: 0x2_ffff, memorySize: 1))
    expectRefusal(elf, "the segments at 0x0 and 0x2ffff overlap")

    elf.segments[1].physicalAddress = 0x3_0000
    let bytes = elf.bytes
    #expect((try? KernelImage(bytes.span)) != nil)
  }

  /// `arch/powerpc/kexec/file_load_64.c`: the loader takes the first code from it.
  @Test func `for a first segment that is not loaded, on ppc64`() {
    var elf = goodKernel()
    elf.segments.insert(.init(type: 4, virtual: 0, physical: 0, memorySize: 0), at: 0)
    expectRefusal(elf, "the first one is PT_LOAD")

    elf.machine = 243
    let bytes = elf.bytes
    #expect((try? KernelImage(bytes.span)) != nil)
  }

  @Test(arguments: 0..<120)
  func `when its headers are cut short`(size: Int) {
    expectRefusal(Array(goodKernel().bytes.prefix(size)), "")
  }
}

/// A kernel for ppc64 of one segment.
private func goodKernel() -> KernelBuilder.ELF {
  var elf = KernelBuilder.ELF()
  elf.segments = [
    .init(
      virtual: 0xc000_0000_0000_0000, physical: 0, memorySize: 0x3_0000,
      bytes: Array(repeating: 0x60, count: 0x800))
  ]
  return elf
}

private func expectRefusal(_ elf: KernelBuilder.ELF, _ text: String) {
  expectRefusal(elf.bytes, text)
}

private func expectRefusal(_ bytes: [UInt8], _ text: String) {
  let error = #expect(throws: ImageError.self) { try KernelImage(bytes.span) }
  let description = error?.description ?? ""
  #expect(!description.isEmpty && (text.isEmpty || description.contains(text)))
}
