// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KernelImage
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `A plan for riscv64` {
  /// `arch/riscv/kernel/kexec_elf.c:elf_find_pbase` looks for a hole as large as the file: here the first one
  /// fits that, and not the zeros after it.
  @Test func `has room for all the memory of an ELF kernel, not just for its file`() throws {
    var machine = riscv()
    machine.kernel = elf([(0, 0x10_0000, 0x60_0000)])
    machine.facts.systemRAM = [range(0x4020_0000, 4 << 20), range(0x9000_0000, 256 << 20)]

    let plan = try machine.plan()

    #expect(machine.kernel.count < 4 << 20)
    #expect(plan.starts([.kernel(0)]) == [0x9000_0000])
    #expect(plan.segments.first { $0.kind == .kernel(0) }?.range.size == 0x60_0000)
  }

  /// `arch/riscv/kernel/kexec_elf.c:riscv_kexec_elf_load`: each piece is as far from the first one as it is
  /// linked, and the entry as far as e_entry is from the lowest virtual address.
  @Test func `keeps the distances in an ELF kernel, and its entry`() throws {
    var machine = riscv()
    machine.kernel = elf([(0, 0x800, 0x3000), (0x40_0000, 0x1000, 0x2000)], entry: 0x40_0010)
    machine.facts.systemRAM = [range(0x4020_0000, 2 << 20), range(0x9000_0000, 256 << 20)]

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0), .kernel(1)]) == [0x9000_0000, 0x9040_0000])
    #expect(plan.entry == 0x9040_0010)
    #expect(plan.bytes(.kernel(0)) == .init(repeating: 1, count: 0x800))
    #expect(plan.bytes(.kernel(1)) == .init(repeating: 2, count: 0x1000))
  }

  @Test func `has an ELF kernel at its link address, when that is free`() throws {
    var machine = riscv()
    machine.kernel = elf([(0, 0x800, 0x3000)])

    #expect(try machine.plan().starts([.kernel(0)]) == [0x4020_0000])
  }

  /// The core header is on the command line, too; both regions are in the tree, the main one first, and all
  /// is loaded there.
  @Test(arguments: [false, true])
  func `tells a crash kernel of a high and a low region`(isELF: Bool) throws {
    let (high, low) = (range(0x1_2000_0000, 64 << 20), range(0x9000_0000, 16 << 20))
    var machine = riscv()
    if isELF { machine.kernel = elf([(0, 0x800, 0x3000), (0x40_0000, 0x1000, 0x2000)]) }
    machine.facts.systemRAM = [range(0x4000_0000, 2 << 30), range(0x1_0000_0000, 1 << 30)]
    machine.facts.crashRegions = [high, low]
    machine.isForCrash = true

    let plan = try machine.plan()
    let tree = try DeviceTree(blob: try #require(plan.bytes(.tree)))

    #expect(plan.segments.allSatisfy { high.contains($0.range) })
    #expect(plan.starts([.kernel(0), .coreHeader]) == [0x1_2000_0000, 0x1_23ff_0000])
    #expect(plan.entry == 0x1_2000_0000)
    #expect(
      try tree.chosen("linux,usable-memory-range")
        == .cells([1, 0x2000_0000, 0, 64 << 20, 0, 0x9000_0000, 0, 16 << 20]))
    #expect(try tree.chosen("linux,elfcorehdr") == .cells([1, 0x23ff_0000, 0, 0x1000]))
    #expect(try tree.chosen("bootargs") == .string("elfcorehdr=0x123ff0000 quiet"))
    #expect(LoadFolder(of: plan, on: machine.facts).check().findings == [])
  }

  /// `arch/riscv/kernel/machine_kexec.c:machine_kexec_prepare` finds the tree itself, and the kernel jumps
  /// to the entry: nothing is loaded in between.
  @Test(arguments: [false, true])
  func `has no purgatory and no trampoline`(isForCrash: Bool) throws {
    var machine = riscv()
    machine.isForCrash = isForCrash
    machine.facts.crashRegions = [range(0x9000_0000, 64 << 20)]

    let plan = try machine.plan()

    #expect(
      Set(plan.segments.map(\.kind))
        == Set([.kernel(0), .initrd, .tree] + (isForCrash ? [.coreHeader] : [])))
    #expect(plan.starts([.kernel(0)]) == [plan.entry])
  }

  private func riscv() -> SmallMachine {
    var machine = SmallMachine()
    machine.architecture = .riscv64
    machine.tree = "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; };"
    machine.kernel = KernelBuilder.riscvImage(size: 100_000, imageSize: 0x20_0000)
    machine.facts.systemRAM = [range(0x4000_0000, 2 << 30)]
    return machine
  }

  /// A kernel of segments, each with its offset, its bytes in the file and in memory; the bytes are 1, 2, ….
  private func elf(
    _ segments: [(offset: UInt64, fileSize: Int, memorySize: UInt64)], entry: UInt64 = 0
  ) -> [UInt8] {
    var elf = KernelBuilder.ELF()
    elf.machine = 243
    elf.entry = 0xffff_ffff_8000_0000 + entry
    elf.segments = segments.enumerated().map { number, segment in
      .init(
        virtual: 0xffff_ffff_8000_0000 + segment.offset, physical: 0x4020_0000 + segment.offset,
        memorySize: segment.memorySize, alignment: 0x1000,
        bytes: [UInt8](repeating: UInt8(number + 1), count: segment.fileSize))
    }
    return elf.bytes
  }
}
