// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KernelImage
import PhysicalMemory
import Reports
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

// No machine of this kind was captured: these are the rules of its kernel's source, on machines that nobody
// built.

@Suite struct `A plan for loongarch64` {
  /// `arch/loongarch/kernel/machine_kexec.c:machine_kexec_prepare` copies 4096 bytes of the segment.
  @Test func `has a command line in the place of a tree`() throws {
    let plan = try loongArch().plan()
    let initrd = try #require(plan.starts([.initrd])[0])
    let line = try #require(plan.bytes(.commandLine))

    #expect(plan.tree == nil)
    #expect(plan.placements.map(\.kind) == [.kernel(0), .initrd, .commandLine])
    #expect(line.count == 4096)
    #expect(plan.line == "kexec_file initrd=0x\(hexadecimal(initrd)),0x1388 quiet")
    #expect(line.drop { $0 != 0 }.allSatisfy { $0 == 0 })
    #expect(
      PlanManifest(plan).segments.contains { $0.name == "cmdline" && $0.file == "cmdline.bin" })
  }

  /// The header says where the entry is when the kernel lies where it is linked for: here, 0x201000 for
  /// 0x200000.
  @Test func `starts after the kernel's header`() throws {
    let plan = try loongArch().plan()

    #expect(plan.starts([.kernel(0)]) == [0x4000_0000])
    #expect(plan.entry == 0x4000_1000)
  }

  /// The words of `machine_kexec_file.c:load_other_segments`, each with its `sprintf`.
  @Test func `tells a crash kernel of its memory, the main region first`() throws {
    let plan = try loongArch(forCrash: true).plan()
    let places = plan.starts([.coreHeader, .initrd]).map { hexadecimal($0 ?? 0) }

    #expect(
      plan.line
        == "kexec_file mem=0x4000000@0x6a000000 mem=0x1000000@0x48000000 "
        + "elfcorehdr=0x1000@0x\(places[0]) initrd=0x\(places[1]),0x1388 quiet")
    #expect(plan.starts([.kernel(0)]) == [0x6a00_0000])
    // The highest 64 KiB, and the initrd right after the kernel.
    #expect(plan.starts([.coreHeader]) == [0x6dff_0000])
    #expect(plan.starts([.initrd]) == [0x6a20_0000])
  }

  @Test func `has every word of it in the explanation, and the whole line`() throws {
    let plan = try loongArch(forCrash: true).plan()

    let told = plan.explanation.filter { $0.hasPrefix("added command line ") }

    for word in ["kexec_file: ", "mem=0x4000000@0x6a000000: ", "mem=0x1000000@0x48000000: "] {
      #expect(told.contains { $0.hasPrefix("added command line " + word) })
    }
    #expect(told.last?.hasPrefix("added command line \"\(plan.line)\": ") == true)
    #expect("\(plan.json)".contains(#""what": "commandLine""#))
  }

  /// `machine_kexec.c`: the control code is at 1 MiB, the command line 32 KiB after it.
  @Test func `leaves the second MiB alone`() throws {
    var machine = loongArch()
    machine.kernel = KernelBuilder.loongArchImage(
      entry: 0x1000, kernelSize: 0x1_0000, textOffset: 0)
    machine.facts.systemRAM = [range(0, 0x11_0000), range(0x1f_0000, 64 << 20)]
    machine.initrd = 0xf_0000

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0), .initrd, .commandLine]) == [0, 0x1_0000, 0x20_0000])
  }

  /// `kexec_efi.c:efi_kexec_load`: at a multiple of 2 MiB, at its link address or above.
  @Test func `has its kernel where it is linked for, or above`() throws {
    var machine = loongArch()
    machine.kernel = KernelBuilder.loongArchImage(
      entry: 0x4800_1000, kernelSize: 0x20_0000, textOffset: 0x4800_0000)

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0)]) == [0x4800_0000])
    #expect(plan.entry == 0x4800_1000)
  }

  @Test func `keeps the initrd in 32 GiB with the kernel`() throws {
    var machine = loongArch()
    machine.facts.systemRAM = [range(0x4000_0000, 8 << 20), range(0x20_0000_0000, 256 << 20)]
    machine.initrd = 16 << 20

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0)]) == [0x20_0000_0000])
  }

  @Test func `is of an ELF kernel, too`() throws {
    var elf = KernelBuilder.ELF()
    elf.machine = 258
    elf.entry = 0x9000_0000_0020_1000
    elf.segments = [
      .init(
        virtual: 0x9000_0000_0020_0000, physical: 0x9000_0000_0020_0000, memorySize: 0x20_0000,
        bytes: [UInt8](repeating: 1, count: 0x2000))
    ]
    var machine = loongArch()
    machine.kernel = elf.bytes

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0)]) == [0x4000_0000])
    #expect(plan.entry == 0x4000_1000)
  }

  @Test(arguments: [(0, 4095), (1, 4096)])
  func `has a line of 4095 bytes at most`(more: Int, size: Int) throws {
    var machine = loongArch()
    let words = try machine.plan().line.utf8.count - "quiet".utf8.count
    machine.commandLine = .given(
      KernelCommandLine(String(repeating: "a", count: 4095 - words + more)))

    guard more > 0 else {
      #expect(try machine.plan().line.utf8.count == size)
      return
    }
    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains("the command line has 4096 bytes") == true)
  }
}

@Suite struct `There is no plan for loongarch64` {
  @Test(
    arguments: [
      (false, "initrd=0x1000,0x1000", "initrd="), (false, "a initrdmem=1,2", "initrdmem="),
      (false, "elfcorehdr=0x1000", "elfcorehdr="), (true, "elfcorehdr=0x1000", "elfcorehdr="),
      (true, #""mem=1G@0""#, "mem="), (true, "mem=1G", "mem="),
    ])
  func `when the command line says something else`(
    isForCrash: Bool, line: String, word: String
  ) throws {
    var machine = loongArch(forCrash: isForCrash)
    machine.commandLine = .given(KernelCommandLine(line))

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains("the command line has \(word), which would win") == true)
  }

  @Test func `but for a cap that an ordinary kernel is to have, if all is in it`() throws {
    var machine = loongArch()
    machine.commandLine = "mem=512M@1G"
    #expect(try machine.plan().line.hasSuffix(" mem=512M@1G"))
    machine.commandLine = "mem=512M@3G"

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains("kernel: 0x40000000-") == true)
  }

  @Test func `with an edited tree, or with memory to reserve`() throws {
    var edited = loongArch()
    edited.edits = [.deleteNode("/a")]
    var reserving = loongArch()
    reserving.reservations = [range(0x5000_0000, 0x1000)]

    let tree = #expect(throws: KexecError.self) { try edited.plan() }
    let reservation = #expect(throws: KexecError.self) { try reserving.plan() }

    #expect(tree?.description.contains("no tree by kexec") == true)
    #expect(reservation?.description.contains("takes no reservations") == true)
  }

  /// The running kernel takes the first segment that begins so for the command line.
  @Test func `when the initrd looks like a command line`() throws {
    var machine = loongArch()
    machine.initrdStart = Array("kexec".utf8)

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains("begins like the command line") == true)
  }
}

/// A machine with 1 GiB, and a kernel of 2 MiB; for a crash, with a high and a low region.
func loongArch(forCrash: Bool = false) -> SmallMachine {
  var machine = SmallMachine()
  machine.architecture = .loongarch64
  machine.tree = ""
  machine.kernel = KernelBuilder.loongArchImage(kernelSize: 0x20_0000)
  machine.isForCrash = forCrash
  if forCrash {
    machine.facts.crashRegions = [range(0x6a00_0000, 64 << 20), range(0x4800_0000, 16 << 20)]
  }
  return machine
}

private func hexadecimal(_ number: UInt64) -> String { String(number, radix: 16) }

extension KexecPlan {
  /// The command line in it.
  fileprivate var line: String {
    String(decoding: (bytes(.commandLine) ?? []).prefix { $0 != 0 }, as: UTF8.self)
  }
}
