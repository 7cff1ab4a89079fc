// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `The plan of a core header` {
  @Test(arguments: [
    ("arm64-virt-1g-6.1", Architecture.arm64), ("arm64-virt-6.12-kf", .arm64),
    ("arm64-virt-uefi-acpi-6.12", .arm64), ("riscv64-virt-7.2-kf", .riscv64),
    ("riscv64-virt-6.12", .riscv64),
  ])
  func `finds the same without kcore, by vmcoreinfo and iomem`(
    name: String, architecture: Architecture
  ) throws {
    let facts = try crashFacts(of: name)
    var poorer = facts
    poorer.coreSegments = []

    let full = try CoreHeaderPlan(for: architecture, facts)
    let plan = try CoreHeaderPlan(for: architecture, poorer)

    #expect(plan.header == full.header)
    #expect(Set(full.evidence.map(\.source)) == ["/proc/kcore", "vmcoreinfo", "/proc/iomem"])
    #expect(Set(plan.evidence.map(\.source)) == ["vmcoreinfo", "/proc/iomem"])
    // `arch/arm64/kernel/setup.c:setup_machine_fdt`: Linux 6.1 says where _stext is, not _text.
    #expect(plan.warnings.map(\.place) == (name == "arm64-virt-1g-6.1" ? ["kernel text"] : []))
    #expect(full.warnings == [])
  }

  @Test func `finds the same without vmcoreinfo, by kcore`() throws {
    let facts = try crashFacts(of: "arm64-virt-6.12-kf")
    var poorer = facts
    poorer.vmcoreinfo = nil

    #expect(
      try CoreHeaderPlan(for: .arm64, poorer).header == CoreHeaderPlan(for: .arm64, facts).header)
  }

  @Test func `names what is unknown, and writes no guess`() throws {
    var facts = try crashFacts(of: "arm64-virt-6.12-kf")
    facts.coreSegments = []
    facts.vmcoreinfo = nil

    let plan = try CoreHeaderPlan(for: .arm64, facts)

    #expect(plan.header.kernelText == nil)
    #expect(plan.header.memory.allSatisfy { $0.virtualAddress == 0 })
    #expect(plan.warnings.map(\.place) == ["memory", "kernel text"])
  }

  @Test(arguments: ["PHYS_OFFSET", "kimage_voffset"])
  func `refuses two ways that lead to different places`(number: String) throws {
    var facts = try crashFacts(of: "arm64-virt-6.12-kf")
    let lines = try #require(facts.vmcoreinfo).values.map { key, value in
      key == "NUMBER(\(number))" ? "\(key)=0x1000" : "\(key)=\(value)"
    }
    facts.vmcoreinfo = VMCoreInfo(lines.joined(separator: "\n"))

    let error = #expect(throws: KexecError.self) { try CoreHeaderPlan(for: .arm64, facts) }

    let text = error?.description ?? ""
    #expect(text.contains("/proc/kcore says 0xffff"))
    #expect(text.contains("vmcoreinfo says "))
  }

  /// The EFI stub places a kernel at multiples of 64 KiB: `_stext` may be in another 2 MiB than `_text`.
  @Test(arguments: [(0x20_0000 as UInt64, false), (0x1f_0000, true), (0x1_0000, true), (0, true)])
  func `refuses a kernel that kcore and iomem have at different places`(
    distance: UInt64, isGood: Bool
  ) throws {
    var facts = try crashFacts(of: "arm64-virt-6.12-kf")
    let image = try #require(facts.kernelImage)
    facts.kernelImage = range(image.start + distance, image.size)

    if isGood {
      #expect(
        try CoreHeaderPlan(for: .arm64, facts).evidence.last?.description
          == "kernel image \(range(image.start + distance, image.size)): from /proc/iomem")
    } else {
      let error = #expect(throws: KexecError.self) { try CoreHeaderPlan(for: .arm64, facts) }
      let text = error?.description ?? ""
      #expect(text.contains("/proc/kcore says 0x40200000-0x4089ffff"))
      #expect(text.contains("/proc/iomem says 0x40400000-0x40a9ffff"))
    }
  }

  @Test func `believes the caller before anybody`() throws {
    var facts = try crashFacts(of: "arm64-virt-6.12-kf")
    facts.linearMap = 0
    facts.kernelText = CoreHeader.KernelText(
      virtualAddress: 1 << 40, range: range(0x4020_0000, 0x1000))

    let plan = try CoreHeaderPlan(for: .arm64, facts)

    #expect(plan.header.kernelText == facts.kernelText)
    #expect(plan.header.memory.allSatisfy { $0.virtualAddress == $0.range.start })
  }

  @Test func `needs notes of CPUs and kernel, memory, and on ppc64 a backup`() throws {
    var facts = try crashFacts(of: "arm64-virt-6.12-kf")
    facts.memory = []
    #expect(throws: KexecError.missing(.memory)) { try CoreHeaderPlan(for: .arm64, facts) }
    facts.cpuNotes = []
    #expect(throws: KexecError.missing(.cpuNotes)) { try CoreHeaderPlan(for: .arm64, facts) }
    facts.vmcoreinfoNote = nil
    #expect(throws: KexecError.missing(.vmcoreinfo)) { try CoreHeaderPlan(for: .arm64, facts) }
    #expect(throws: KexecError.missing(.backup)) {
      try CoreHeaderPlan(for: .ppc64, crashFacts(of: "pseries-7.2-kf"))
    }
  }

  /// `arch/x86/kernel/crash.c:elf_header_exclude_ranges`, `arch/powerpc/kexec/ranges.c`.
  @Test func `cuts out what the architecture cuts out`() throws {
    var facts = synthetic()
    facts.memory = [range(0, 0x20_0000), range(0x20_0000, 0x10_0000)]
    facts.cpuNotes = [range(0x18_0000, 0x1a8)]
    facts.vmcoreinfoNote = range(0x19_0000, 0x1024)
    facts.firmware = [range(0x2f_f800, 0x1000)]
    facts.excluded = [range(0x28_0000, 0x8_0000)]
    let x86 = try CoreHeaderPlan(for: .x86_64, facts).header.memory.map(\.range.description)
    facts.backup = 0x28_0000
    let ppc = try CoreHeaderPlan(for: .ppc64, facts).header.memory

    #expect(x86 == ["0x100000-0x1fffff", "0x200000-0x27ffff", "0x2ff800-0x3007ff"])
    #expect(
      ppc.map(\.range.description) == [
        "0x0-0xffff", "0x10000-0x1fffff", "0x200000-0x27ffff", "0x2ff800-0x3007ff",
      ])
    #expect(ppc[0].source == 0x28_0000)
    #expect(ppc[0].virtualAddress == 0xc000_0000_0000_0000)
    #expect(ppc[1].source == 0x1_0000)
  }

  /// `arch/x86/include/asm/page_64.h:__phys_addr_nodebug`: the linear map begins anywhere, the kernel
  /// is mapped once more near the end. `/proc/kcore` has both, and vmalloc without an address.
  @Test func `finds on x86_64 both maps in kcore`() throws {
    var facts = synthetic()
    facts.memory = [range(0x1000, 0x9_e000), range(0x10_0000, 0x7ff0_0000)]
    facts.kernelImage = range(0x2a00_0000, 0x260_0000)
    facts.coreSegments = [
      load(0xffff_ffff_a900_0000, at: 0x2a00_0000, 0x280_0000),
      load(0xffff_b780_0000_0000, at: .max, 0x1fff_ffff_f000),
      load(0xffff_9c1c_8000_1000, at: 0x1000, 0x9_e000),
      load(0xffff_9c1c_8010_0000, at: 0x10_0000, 0x7ff0_0000),
    ]

    let header = try CoreHeaderPlan(for: .x86_64, facts).header

    #expect(
      header.kernelText
        == CoreHeader.KernelText(
          virtualAddress: 0xffff_ffff_a900_0000, range: range(0x2a00_0000, 0x280_0000)))
    #expect(header.memory.map(\.range) == [range(0x10_0000, 0x7ff0_0000)])
    #expect(header.memory.map(\.virtualAddress) == [0xffff_9c1c_8010_0000])
  }

  /// A kernel that the EFI stub placed, at a multiple of 64 KiB that is none of 2 MiB.
  @Test(arguments: [0x1_0000, 0x1f_0000] as [UInt64])
  func `finds a kernel wherever it lies`(distance: UInt64) throws {
    var facts = try crashFacts(of: "arm64-virt-1g-6.1")
    let full = try CoreHeaderPlan(for: .arm64, facts)
    facts.coreSegments = []
    let image = try #require(facts.kernelImage)
    facts.kernelImage = range(image.start + distance, image.size)
    let lines = try #require(facts.vmcoreinfo).values.map { key, value in
      guard key == "NUMBER(kimage_voffset)", let offset = UInt64(value.dropFirst(2), radix: 16)
      else { return "\(key)=\(value)" }
      return "\(key)=0x\(String(offset - distance, radix: 16))"
    }
    facts.vmcoreinfo = VMCoreInfo(lines.joined(separator: "\n"))

    let plan = try CoreHeaderPlan(for: .arm64, facts)

    let text = try #require(full.header.kernelText)
    #expect(plan.header.kernelText?.range == range(text.range.start + distance, text.range.size))
    #expect(plan.header.kernelText?.virtualAddress == text.virtualAddress)
  }

  /// `arch/x86/include/asm/page_64.h:__phys_addr_nodebug`.
  @Test(arguments: [(0, true), (0x20_0000, false)] as [(UInt64, Bool)])
  func `compares on x86_64 kcore with phys_base`(distance: UInt64, isGood: Bool) throws {
    var facts = try crashFacts(of: "x86_64-q35-6.1")
    let base = try #require(facts.vmcoreinfo?.number("phys_base"))
    let lines = try #require(facts.vmcoreinfo).values.map { key, value in
      key == "NUMBER(phys_base)"
        ? "\(key)=\(Int64(bitPattern: base &+ distance))" : "\(key)=\(value)"
    }
    facts.vmcoreinfo = VMCoreInfo(lines.joined(separator: "\n"))

    #expect(((try? CoreHeaderPlan(for: .x86_64, facts)) != nil) == isGood)
    #expect(!isGood || base != 0)
  }

  /// A header is read before it is handed out: `fs/proc/vmcore.c`.
  @Test(arguments: ["notes in the crash region", "notes nowhere", "vmcoreinfo nowhere", "twice"])
  func `refuses to make a useless header`(fault: String) throws {
    var facts = synthetic()
    facts.excluded = [range(0x4800_0000, 0x100_0000)]
    #expect((try? CoreHeaderPlan(for: .arm64, facts)) != nil)
    switch fault {
    case "notes in the crash region": facts.cpuNotes = [range(0x4800_1000, 0x1a8)]
    case "notes nowhere": facts.cpuNotes = [range(0x1000, 0x1a8)]
    case "vmcoreinfo nowhere": facts.vmcoreinfoNote = range(0x1000, 0x1024)
    default: facts.cpuNotes += facts.cpuNotes
    }

    let error = #expect(throws: KexecError.self) { try CoreHeaderPlan(for: .arm64, facts) }

    #expect(error?.findings.isEmpty == false)
  }

  @Test func `warns when nothing is left out`() throws {
    var facts = synthetic()
    #expect(
      try CoreHeaderPlan(for: .arm64, facts).warnings.contains {
        $0.rule == .linux("kernel/crash_core.c", "crash_exclude_mem_range")
      })
    facts.excluded = [range(0x4800_0000, 0x100_0000)]
    #expect(
      try !CoreHeaderPlan(for: .arm64, facts).warnings.contains {
        $0.rule == .linux("kernel/crash_core.c", "crash_exclude_mem_range")
      })
  }

  @Test func `refuses a mapping of the kernel where there is none`() throws {
    var facts = try crashFacts(of: "pseries-7.2-kf")
    facts.backup = 0x208d_0000
    #expect((try? CoreHeaderPlan(for: .ppc64, facts)) != nil)
    facts.kernelText = CoreHeader.KernelText(virtualAddress: 1 << 63, range: range(0, 0x1000))

    #expect(throws: KexecError.self) { try CoreHeaderPlan(for: .ppc64, facts) }
  }

  /// `arch/loongarch/include/asm/addrspace.h`: both maps are one window; kcore has no mapping of the
  /// kernel of its own.
  @Test(arguments: [true, false])
  func `finds on loongarch64 both maps at once`(hasCore: Bool) throws {
    var facts = synthetic()
    facts.memory = [range(0x20_0000, 0xece_0000), range(0x9000_0000, 0x7000_0000)]
    facts.cpuNotes = [range(0x9100_0000, 0x200)]
    facts.vmcoreinfoNote = range(0x9200_0000, 0x1024)
    facts.excluded = [range(0x2000_0000, 0x100_0000)]
    facts.kernelImage = range(0x20_0000, 0x190_0000)
    if hasCore {
      facts.coreSegments = facts.memory.map {
        load(0x9000_0000_0000_0000 + $0.start, at: $0.start, $0.size)
      }
    }

    let plan = try CoreHeaderPlan(for: .loongarch64, facts)

    #expect(plan.warnings == [])
    #expect(
      plan.header.kernelText
        == CoreHeader.KernelText(
          virtualAddress: 0x9000_0000_0020_0000, range: range(0x20_0000, 0x190_0000)))
    #expect(
      plan.header.memory.map(\.virtualAddress) == [0x9000_0000_0020_0000, 0x9000_0000_9000_0000])
  }

  @Test func `writes the memory in either order, joined or apart`() throws {
    var facts = synthetic()
    facts.memory = [range(0x9000, 0x1000), range(0x4000_0000, 0x1000), range(0x4000_1000, 0x1000)]
    facts.cpuNotes = [range(0x9000, 0x1a8)]
    facts.vmcoreinfoNote = range(0x4000_0800, 0x1024)

    func starts(_ order: CoreHeaderPlan.Order, joined: Bool) throws -> [UInt64] {
      try CoreHeaderPlan(for: .arm64, facts, order: order, joiningNeighbours: joined)
        .header.memory.map(\.range.start)
    }

    #expect(try starts(.ascending, joined: false) == [0x9000, 0x4000_0000, 0x4000_1000])
    #expect(try starts(.descending, joined: false) == [0x4000_1000, 0x4000_0000, 0x9000])
    #expect(try starts(.ascending, joined: true) == [0x9000, 0x4000_0000])
  }

  @Test func `refuses more ranges than can be counted, and joins them when requested`() throws {
    var facts = synthetic()
    facts.memory = (0..<65_533 as Range<UInt64>).map { range(0x4000_0000 + $0 << 12, 0x1000) }

    #expect(throws: KexecError.tooManySegments(count: 65_535, limit: 65_534)) {
      try CoreHeaderPlan(for: .arm64, facts)
    }
    let joined = try CoreHeaderPlan(for: .arm64, facts, joiningNeighbours: true)
    #expect(joined.header.memory.count == 1)
    facts.memory.removeLast()
    #expect(try CoreHeaderPlan(for: .arm64, facts).header.bytes().count == 3_674_112)
  }

  @Test(arguments: [
    (0x1024 as UInt64, 0x1a8 as UInt64, true), (0x10, 0x1a8, false), (1 << 40, 0x1a8, false),
    (0x1024, 12, false), (0x1024, 1 << 40, false),
  ])
  func `refuses notes of a size that no kernel gives them`(
    vmcoreinfo: UInt64, cpu: UInt64, isGood: Bool
  ) throws {
    var facts = synthetic()
    facts.vmcoreinfoNote = range(0x4200_0000, vmcoreinfo)
    facts.cpuNotes = [range(0x4100_0000, cpu)]

    #expect(((try? CoreHeaderPlan(for: .arm64, facts)) != nil) == isGood)
  }

  /// `kernel/crash_core.c:crash_notes_memory_init`.
  @Test(arguments: [(0x4100_0e58 as UInt64, false), (0x4100_0e59, true), (0x4100_0fff, true)])
  func `warns of notes that cross a page`(start: UInt64, isWarned: Bool) throws {
    var facts = synthetic()
    facts.excluded = [range(0x4800_0000, 0x100_0000)]
    facts.linearMap = 0xffff_0000_0000_0000
    facts.kernelText = CoreHeader.KernelText(
      virtualAddress: 0xffff_8000_0000_0000, range: range(0x4000_0000, 0x1000))
    facts.cpuNotes = [range(start, 0x1a8)]

    let plan = try CoreHeaderPlan(for: .arm64, facts)

    #expect(plan.warnings.map(\.place) == (isWarned ? ["register notes"] : []))
  }

  @Test func `warns that a 32-bit arm kernel takes no such header`() throws {
    let plan = try CoreHeaderPlan(for: .arm, synthetic())

    #expect(plan.header.machine == .arm)
    #expect(
      plan.warnings.first?.rule
        == .linux("arch/arm/include/asm/elf.h", "vmcore_elf64_check_arch"))
  }

  /// A segment of `/proc/kcore`.
  private func load(_ address: UInt64, at place: UInt64, _ size: UInt64) -> ProgramHeader {
    ProgramHeader(
      type: ProgramHeader.load, flags: 7, offset: 0, virtualAddress: address,
      physicalAddress: place, fileSize: size, memorySize: size)
  }

  private func synthetic() -> MachineSnapshot {
    var facts = MachineSnapshot()
    facts.memory = [range(0x4000_0000, 0x1000_0000)]
    facts.cpuNotes = [range(0x4100_0000, 0x1a8)]
    facts.vmcoreinfoNote = range(0x4200_0000, 0x1024)
    return facts
  }
}
