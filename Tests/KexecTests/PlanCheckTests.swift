// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import ELF
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

@Suite struct `A plan under check` {
  @Test(arguments: [false, true])
  func `passes when it is ours`(isForCrash: Bool) throws {
    let folder = try LoadFolder(isForCrash: isForCrash)

    let check = folder.check()

    #expect(check.findings == [])
    #expect(check.view?.commandLine == Array("quiet".utf8))
    #expect((check.view?.coreHeader != nil) == isForCrash)
  }

  /// Other breaches than those of ``RuleBreach``.
  @Test(
    arguments: [
      PlanDamage("does not start the kernel", .kexec) { $0.move("dtb", to: 0x5000_0000) },
      PlanDamage("names the initrd at", .kexec) { $0.contents["initrd.bin"]?.append(1) },
      PlanDamage("loaded is none", .kexec) { $0.remove("initrd") },
      PlanDamage("no kexec is planned for it", .kexec) { $0.architecture = "vax" },
      PlanDamage("no Image begins", .kexec) { $0.move("kernel", to: 0x4020_1000) },
      PlanDamage("a crash region", .kexec) {
        $0.facts.crashRegions = [range(0x4000_0000, 0x10_0000)]
      },
      PlanDamage("the crash kernel would destroy the dump", .kexec) { $0.isForCrash = true },
      PlanDamage("not in the first range", .crash) { $0.setCap([0x4000_0000, 0x4800_0000]) },
      PlanDamage("not one or two ranges", .crash) {
        $0.setCap([0x4800_0000, 0x4000_0000, 0x5000_0000])
      },
      PlanDamage("loaded is none", .crash) { $0.remove("elfcorehdr") },
      PlanDamage("caps the memory of an ordinary kernel", .crash) { $0.isForCrash = false },
    ])
  private func `is found to be damaged`(damage: PlanDamage) throws {
    var folder = try LoadFolder(isForCrash: damage.purpose == .crash)
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

/// What spoils a plan, and what is said of it then.
private struct PlanDamage: Sendable {
  let text: String
  let purpose: Purpose
  let make: @Sendable (inout LoadFolder) -> Void

  init(
    _ text: String, _ purpose: Purpose, _ make: @escaping @Sendable (inout LoadFolder) -> Void
  ) {
    (self.text, self.purpose, self.make) = (text, purpose, make)
  }
}

/// A plan as it lies in its folder, and the machine that it is for.
struct LoadFolder {
  var facts: MachineSnapshot
  var architecture: String
  var isForCrash: Bool
  var entry: UInt64
  var flags: UInt64
  var machineOfCore: Machine?
  var segments: [PlanManifest.Segment]
  var contents: [String: [UInt8]] = [:]

  init(isForCrash: Bool) throws {
    var machine = SmallMachine()
    machine.isForCrash = isForCrash
    if isForCrash { machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)] }
    self.init(of: try machine.plan(), on: machine.facts)
  }

  init(of plan: KexecPlan, on facts: MachineSnapshot) {
    let manifest = PlanManifest(plan)
    self.facts = facts
    architecture = manifest.architecture
    isForCrash = (manifest.purpose == .crash)
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

  var manifest: PlanManifest {
    PlanManifest(
      architecture: architecture, purpose: isForCrash ? .crash : .kexec, entry: entry, flags: flags,
      segments: segments)
  }

  func check() -> PlanCheck {
    PlanCheck(
      of: manifest, contents: contents.mapValues { SegmentContent($0) }, on: facts,
      core: CoreMachine(machine: machineOfCore))
  }
}
