// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import KernelImage
import PhysicalMemory
import TestSupport
import Testing

@testable import Kexec

@Suite struct `A plan under check` {
  @Test(arguments: [false, true])
  func `passes when it is ours`(isForCrash: Bool) throws {
    let folder = try LoadFolder(isForCrash: isForCrash)

    let check = folder.check()

    #expect(check.findings == [])
    #expect(check.view?.commandLine == Array("quiet".utf8))
    #expect((check.view?.coreHeader != nil) == isForCrash)
  }

  @Test(
    arguments: [
      PlanDamage("not all RAM") { $0.move("kernel", to: 0x9000_0000) },
      PlanDamage("no Image begins") { $0.move("kernel", to: 0x4020_1000) },
      PlanDamage("overlaps") { $0.move("initrd", to: 0x4000_0000) },
      PlanDamage("tells of an initrd at") { $0.move("initrd", to: 0x5000_0000) },
      PlanDamage("does not start the kernel") { $0.move("dtb", to: 0x5000_0000) },
      PlanDamage("does not start the kernel") { $0.contents["trampoline.bin"]?[0] ^= 1 },
      PlanDamage("dtb: ") { $0.contents["dtb.bin"]?[0] ^= 1 },
      PlanDamage("tells of an initrd at") { $0.contents["initrd.bin"]?.append(1) },
      PlanDamage("is in no segment") { $0.entry = 0x1000 },
      PlanDamage("flags") { $0.flags = 1 },
      PlanDamage("does not cap the memory") { $0.isForCrash = true },
      PlanDamage("no device tree") { $0.remove("dtb") },
      PlanDamage("kernel: there is none") { $0.remove("kernel") },
      PlanDamage("loaded is none") { $0.remove("initrd") },
      PlanDamage("vax") { $0.architecture = "vax" },
      PlanDamage("arch: ") { $0.machineNumber = 243 },
      PlanDamage("no Image begins") { $0.contents["kernel.bin"] = [] },
      PlanDamage("no Image begins") { $0.contents["kernel.bin"]?[56] ^= 1 },
      PlanDamage("in memory that the tree keeps") { $0.reserve(range(0x4000_0000, 0x1000)) },
      PlanDamage("knows") { $0.setMemory(range(0x4000_0000, 0x10_0000)) },
      PlanDamage("of memory") {
        $0.contents["kernel.bin"] = [UInt8](repeating: 0, count: 0x30_0000)
      },
      PlanDamage("reserved") { $0.facts.reserved = [range(0x4000_0000, 0x10_0000)] },
      PlanDamage("a crash region") { $0.facts.crashRegions = [range(0x4000_0000, 0x10_0000)] },
    ])
  func `is found to be damaged`(damage: Alteration<LoadFolder>) throws {
    var folder = try LoadFolder(isForCrash: false)
    damage.make(&folder)

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(damage.text) }, "\(findings)")
  }

  @Test(
    arguments: [
      PlanDamage("not in the main crash region") {
        $0.facts.crashRegions = [range(0x4a00_0000, 64 << 20)]
      },
      PlanDamage("lets the crash kernel use") {
        $0.facts.crashRegions = [range(0x4a00_0000, 64 << 20)]
      },
      PlanDamage("not in the first range") { $0.setCap([0x4000_0000, 0x4800_0000]) },
      PlanDamage("not in the first range") { $0.setCap([0x4000_0000]) },
      PlanDamage("not one or two ranges") { $0.setCap([0x4800_0000, 0x4000_0000, 0x5000_0000]) },
      PlanDamage("not one or two ranges") { $0.setCap([]) },
      PlanDamage("lets the crash kernel use") { $0.setCap([0x4800_0000, 0x4000_0000]) },
      PlanDamage("elfcorehdr=") { $0.setLine("elfcorehdr=0x1000 quiet") },
      PlanDamage("no memory set apart") { $0.facts.crashRegions = [] },
      PlanDamage("leaves the next kernel no memory") {
        $0.setMemory(range(0x4000_0000, 0x10_0000))
      },
      PlanDamage("loaded is none") { $0.remove("elfcorehdr") },
      PlanDamage("e_type") { $0.contents["elfcorehdr.bin"]?[16] = 2 },
      PlanDamage("caps the memory of an ordinary kernel") { $0.isForCrash = false },
    ])
  func `is found to lose the dump`(damage: Alteration<LoadFolder>) throws {
    var folder = try LoadFolder(isForCrash: true)
    damage.make(&folder)

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(damage.text) }, "\(findings)")
  }

  @Test func `may have any sizes`() throws {
    var folder = try LoadFolder(isForCrash: false)
    folder.segments = (0..<60).map {
      .init(name: "s\($0)", range: range(0, .max - 0xffff), file: "s")
    }

    #expect(folder.check().findings.contains { $0.text.contains("half of its RAM") })
  }

  /// What is left of an ELF file in a plan is checked as far as it says anything.
  @Test func `may be of an ELF kernel`() throws {
    var elf = KernelBuilder.ELF()
    elf.machine = 243
    elf.entry = 0xffff_ffff_8000_0000
    elf.segments = [(0 as UInt64, 0x3000 as UInt64), (0x20_0000, 0x10_0000)].map { offset, size in
      .init(
        virtual: elf.entry + offset, physical: 0x8020_0000 + offset, memorySize: size,
        bytes: [UInt8](repeating: 1, count: 0x1000))
    }
    var machine = SmallMachine()
    machine.architecture = .riscv64
    machine.kernel = elf.bytes
    machine.facts.systemRAM = [range(0x8020_0000, 64 << 20)]
    machine.tree = "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; };"

    let plan = try machine.plan()

    #expect(plan.starts([.kernel(0), .kernel(1)]) == [0x8020_0000, 0x8040_0000])
    #expect(plan.entry == 0x8020_0000)
  }

  /// Whatever is in the files, the answer is a finding, or none.
  @Test func `of any bytes ends`() throws {
    var random = SplitMix64(seed: 3)
    let good = try LoadFolder(isForCrash: true)
    for _ in 0..<300 {
      var folder = good
      for name in folder.contents.keys {
        let count = folder.contents[name]?.count ?? 0
        for _ in 0..<Int.random(in: 0...3, using: &random) where count > 0 {
          folder.contents[name]?[.random(in: 0..<count, using: &random)] ^= 0xff
        }
        if Int.random(in: 0...9, using: &random) == 0 {
          folder.contents[name]?.removeLast(.random(in: 0...count, using: &random))
        }
      }
      _ = folder.check().view?.lines
    }
  }
}

/// What spoils a plan.
private typealias PlanDamage = Alteration<LoadFolder>

/// A plan as it lies in its folder, and the machine that it is for.
struct LoadFolder {
  var facts: MachineFacts
  var architecture: String
  var isForCrash: Bool
  var entry: UInt64
  var flags: UInt64
  var machineNumber: UInt16?
  var segments: [LoadManifest.Segment]
  var contents: [String: [UInt8]] = [:]

  init(isForCrash: Bool) throws {
    var machine = SmallMachine()
    machine.isForCrash = isForCrash
    if isForCrash { machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)] }
    self.init(of: try machine.plan(), on: machine.facts)
  }

  init(of plan: LoadPlan, on facts: MachineFacts) {
    let manifest = LoadManifest(plan)
    self.facts = facts
    architecture = manifest.architecture
    isForCrash = manifest.isForCrash
    entry = manifest.entry
    flags = manifest.flags
    segments = manifest.segments
    for (segment, entry) in zip(plan.segments, manifest.segments) {
      contents[entry.file] = segment.bytes
    }
  }

  mutating func move(_ name: String, to start: UInt64) {
    segments = segments.map { segment in
      segment.name == name
        ? .init(name: name, range: range(start, segment.range.size), file: segment.file) : segment
    }
  }

  mutating func edit(_ change: (inout DeviceTree) throws -> Void) {
    guard var tree = try? DeviceTree(blob: contents["dtb.bin"] ?? []) else { return }
    try? change(&tree)
    contents["dtb.bin"] = tree.blob
  }

  mutating func reserve(_ range: PhysicalRange) {
    edit { try $0.addReservation(range.tuple) }
  }

  mutating func setMemory(_ range: PhysicalRange) {
    edit {
      try $0.setProperty(
        "reg", of: "/memory@40000000", to: .cells([0, UInt32(range.start), 0, UInt32(range.size)]))
    }
  }

  /// Ranges of 64 MiB.
  mutating func setCap(_ starts: [UInt32]) {
    edit {
      try $0.setProperty(
        "linux,usable-memory-range", of: "/chosen",
        to: .cells(starts.flatMap { [0, $0, 0, 64 << 20] }))
    }
  }

  mutating func setLine(_ text: String) {
    edit { try $0.setProperty("bootargs", of: "/chosen", to: .string(text)) }
  }

  mutating func remove(_ name: String) { segments.removeAll { $0.name == name } }

  func check() -> LoadCheck {
    LoadCheck(
      of: LoadManifest(
        architecture: architecture, isForCrash: isForCrash, entry: entry, flags: flags,
        segments: segments), contents: contents.mapValues { LoadContent($0) }, on: facts,
      core: CoreMachine(machine: machineNumber))
  }
}
