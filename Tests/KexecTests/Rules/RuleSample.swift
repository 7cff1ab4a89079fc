// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import ELF
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

/// A good plan, with a tree or a command line in it, that keeps all rules.
struct RuleSample {
  var folder: LoadFolder
  var architecture: Architecture
  let purpose: Purpose
  /// The tree that was made.
  let good: DeviceTree?

  init(of plan: KexecPlan, on facts: MachineSnapshot) throws {
    folder = LoadFolder(of: plan, on: facts)
    folder.machineOfCore = plan.architecture.machine
    architecture = plan.architecture
    purpose = plan.purpose
    good = try plan.bytes(.tree).map { try DeviceTree(blob: $0) }
  }

  static func arm64(_ purpose: Purpose) throws -> RuleSample {
    var machine = SmallMachine()
    machine.seeds = fixedSeeds
    machine.extras = [.init(name: "acme,log", bytes: [1, 2, 3])]
    machine.isForCrash = purpose == .crash
    if purpose == .crash {
      machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)]
    } else {
      machine.measurements = MeasurementBytes.buffer(of: [64])
    }
    return try RuleSample(of: machine.plan(), on: machine.facts)
  }

  static func ppc64(_ purpose: Purpose) throws -> RuleSample {
    let machine = PowerPCMachine()
    return try RuleSample(of: machine.plan(forCrash: purpose == .crash), on: machine.facts)
  }

  static func loongArch64(_ purpose: Purpose) throws -> RuleSample {
    let machine = loongArch(forCrash: purpose == .crash)
    return try RuleSample(of: machine.plan(), on: machine.facts)
  }

  /// A tree that lets a kernel with UEFI use ACPI.
  static func acpi(_ purpose: Purpose) throws -> RuleSample {
    var machine = SmallMachine()
    machine.tree = try source("acpi-stub").sourceText()
    return try RuleSample(of: machine.plan(), on: machine.facts)
  }

  var blob: [UInt8] { folder.contents["dtb.bin"] ?? [] }

  /// What each caller of the list reads.
  func reading(as subject: KernelRule.Subject) throws -> Reading {
    switch subject {
    case .tree: return Reading(tree: blob, for: purpose, architecture, on: folder.facts)
    case .plan:
      let plan = ReadPlan(
        folder.manifest, folder.contents.mapValues { SegmentContent($0) },
        try #require(architecture.placement), on: folder.facts,
        core: CoreMachine(machine: folder.machineOfCore))
      return Reading(plan, architecture, on: folder.facts)
    case .newTree:
      return Reading(
        tree: blob, for: purpose, architecture, on: folder.facts, requesting: try expectation())
    }
  }

  /// What the callers find.
  func findings(as subject: KernelRule.Subject) throws -> [Finding] {
    switch subject {
    case .tree:
      TreeCheck(of: blob, for: purpose, on: folder.facts, architecture: architecture).findings
    case .plan: folder.check().findings
    case .newTree: try KernelRule.findings(in: reading(as: .newTree))
    }
  }

  /// What the good tree says, as if it had been requested.
  private func expectation() throws -> RequestedTree {
    let good = try #require(good)
    let tree = try ReadTree(good, for: architecture)
    let usable = tree.tuples("linux,usable-memory-range")?.compactMap(\.memory) ?? []
    let names = ["linux,ima-kexec-buffer", "acme,log"]
    return try RequestedTree(
      commandLine: tree.commandLine, initrd: tree.initrd,
      crash: tree.coreHeader.map {
        CrashHandover(coreHeader: $0, usableMemory: usable, backup: nil)
      },
      buffers: names.compactMap { name in
        tree.place(name).flatMap { PlacedInput(.extra(name), $0) }
      },
      seeds: Seeds(kaslr: tree["kaslr-seed"]?.bytes, rng: tree["rng-seed"]?.bytes),
      reservations: good.reservations, written: ChosenProperty.written + ["acme,log"],
      base: good, edited: good, chosen: good.properties(of: "/chosen"))
  }
}
