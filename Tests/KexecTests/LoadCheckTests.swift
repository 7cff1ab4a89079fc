// SPDX-License-Identifier: Apache-2.0

import DeviceTree
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
      PlanDamage("no multiple of 0x200000") { $0.move("kernel", to: 0x4020_1000) },
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
      PlanDamage("of memory") {
        $0.contents["kernel.bin"] = [UInt8](repeating: 0, count: 0x30_0000)
      },
      PlanDamage("reserved") { $0.facts.reserved = [range(0x4000_0000, 0x10_0000)] },
      PlanDamage("a crash region") { $0.facts.crashRegions = [range(0x4000_0000, 0x10_0000)] },
    ])
  func `is found to be damaged`(damage: PlanDamage) throws {
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
      PlanDamage("loaded is none") { $0.remove("elfcorehdr") },
      PlanDamage("e_type") { $0.contents["elfcorehdr.bin"]?[16] = 2 },
      PlanDamage("caps the memory of an ordinary kernel") { $0.isForCrash = false },
    ])
  func `is found to lose the dump`(damage: PlanDamage) throws {
    var folder = try LoadFolder(isForCrash: true)
    damage.make(&folder)

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(damage.text) }, "\(findings)")
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

/// What spoils a plan, and what is found then.
struct PlanDamage: Sendable {
  let text: String
  let make: @Sendable (inout LoadFolder) -> Void

  init(_ text: String, _ make: @escaping @Sendable (inout LoadFolder) -> Void) {
    self.text = text
    self.make = make
  }
}

/// A plan as it lies in its folder, and the machine that it is for.
struct LoadFolder {
  var facts: MachineFacts
  var architecture: String
  var isForCrash: Bool
  var entry: UInt64
  var flags: UInt64
  var segments: [LoadManifest.Segment]
  var contents: [String: [UInt8]] = [:]

  init(isForCrash: Bool) throws {
    var machine = SmallMachine()
    machine.isForCrash = isForCrash
    if isForCrash { machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)] }
    let plan = try machine.plan()
    let manifest = LoadManifest(plan)
    facts = machine.facts
    architecture = manifest.architecture
    self.isForCrash = isForCrash
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

  mutating func remove(_ name: String) { segments.removeAll { $0.name == name } }

  func check() -> LoadCheck {
    LoadCheck(
      of: LoadManifest(
        architecture: architecture, isForCrash: isForCrash, entry: entry, flags: flags,
        segments: segments), contents: contents.mapValues { LoadContent($0) }, on: facts)
  }
}
