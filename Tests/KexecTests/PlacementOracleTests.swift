// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import KernelImage
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `The places that kernels chose themselves` {
  /// `oracle/info.txt` of the captures: kexec_file_load, with the kernel and the initrd of that size.
  @Test(
    arguments: [
      ("arm64-virt-6.12-kf", [0x9140_0000, 0x9d3f_0000, 0x91aa_0000, 0x9d20_0000]),
      (
        "arm64-virt-6g-highlow-6.12-kf",
        [0x1_99e0_0000, 0x1_b9df_0000, 0x1_9a4a_0000, 0x1_b9c0_0000]
      ),
    ] as [(String, [UInt64])])
  func `are ours for a crash kernel of arm64`(name: String, starts: [UInt64]) throws {
    let plan = try arm64Plan(name, forCrash: true)
    let aligned = try arm64Plan(name, forCrash: true, alignment: 64 << 10)

    #expect(plan.starts([.kernel(0), .coreHeader, .initrd, .tree]) == starts)
    #expect(aligned.starts([.kernel(0), .coreHeader, .initrd, .tree]) == starts)
    #expect(plan.starts([.trampoline]) == [plan.entry])
  }

  @Test(
    arguments: [
      ("arm64-virt-6.12-kf", [0x40a0_0000, 0x410a_0000, 0x9fe0_0000]),
      ("arm64-virt-6g-highlow-6.12-kf", [0x40a0_0000, 0x410a_0000, 0x1_bfe0_0000]),
    ] as [(String, [UInt64])])
  func `are ours for an ordinary kexec of arm64`(name: String, starts: [UInt64]) throws {
    let plan = try arm64Plan(name, forCrash: false)

    #expect(plan.starts([.kernel(0), .initrd, .tree]) == starts)
  }

  /// The kernel's purgatory, 12 KiB of checksums between core header and initrd, is not in our plans; so
  /// initrd and tree lie that much higher, where kexec-tools, which has none either, puts the initrd.
  @Test func `are ours for a crash kernel of riscv, but for purgatory`() throws {
    let plan = try riscvPlan(forCrash: true)

    #expect(plan.starts([.kernel(0), .coreHeader]) == [0xefe0_0000, 0xffdf_f000])
    let purgatory: UInt64 = 0x3000
    let kernels: [UInt64] = [0xffbf_d000, 0xffbf_b000]
    #expect(plan.starts([.initrd, .tree]) == kernels.map { $0 + purgatory })
    #expect(plan.entry == 0xefe0_0000)
  }

  @Test func `are ours for an ordinary kexec of riscv`() throws {
    let plan = try riscvPlan(forCrash: false)

    #expect(plan.starts([.kernel(0), .initrd, .tree]) == [0x8080_0000, 0xeca0_1000, 0xffff_0000])
  }

  /// The kernel's own purgatory is as large as our trampoline, a page; its tree is larger, and so is the core
  /// header, which has room for memory that may be plugged in. kexec-tools' is not, and its initrd lies
  /// after its purgatory.
  @Test func `are ours for a crash kernel of pseries`() throws {
    let plan = try pseriesPlan("pseries-7.2-kf", forCrash: true)

    #expect(
      plan.starts([.kernel(0), .trampoline, .backup, .coreHeader])
        == [0x2000_0000, 0x37ff_0000, 0x208d_0000, 0x208e_0000])
    #expect(plan.starts([.initrd, .tree]) == [0x208f_0000, 0x37fe_0000])
    #expect(plan.entry == 0x37ff_0000)
  }

  /// As the kernel did (0xf90000 and 0x8e0000), ours goes after the initrd of the last boot, which ends at
  /// 0xf60000, and its initrd before that; but the kernel keeps off a few pages more, which it has reserved
  /// and tells nobody of, and its lowest free page is 64 KiB above the end that it tells.
  @Test func `are close to the kernel's for an ordinary kexec of pseries`() throws {
    let plan = try pseriesPlan("pseries-7.2-kf", forCrash: false)

    #expect(plan.starts([.kernel(0), .trampoline]) == [0xf6_0000, 0x7fff_0000])
    #expect(plan.starts([.initrd, .tree]) == [0x8d_0000, 0x7ffe_0000])
  }

  /// What kexec-tools placed is memory that our checks accept, too.
  @Test func `pass our checks when kexec-tools chose them`() throws {
    let machine = try facts(of: RunningKernel(root: .init(Fixtures.machine("arm64-virt-6.12"))))
    let starts: [(UInt64, UInt64)] = [
      (0x8e40_0000, 0x24f_0000), (0x908f_0000, 0x1f_a000), (0x90ae_a000, 0x2000),
      (0x90ae_c000, 0x4000), (0x9a3f_f000, 0x1000),
    ]
    let manifest = PlanManifest(
      architecture: "aarch64", purpose: .crash, entry: 0x90ae_c660, flags: 1,
      segments: starts.enumerated().map { number, place in
        .init(name: "s\(number)", range: range(place.0, place.1), file: "none")
      })
    let rules = try #require(Architecture.arm64.placement)
    let plan = ReadPlan(manifest, [:], rules, on: machine, core: nil)
    let reading = Reading(plan, .arm64, on: machine)

    let applied = KernelRule.segments.filter { $0.purposes.contains(reading.purpose) }
    #expect(applied.flatMap { $0.findings(in: reading) } == [])
  }

  /// The kernels and initrds of the captures, by the sizes in `oracle/info.txt`; places of whole pages, as
  /// the kernel gives them.
  private func arm64Plan(
    _ name: String, forCrash: Bool, alignment: UInt64 = 4096
  ) throws -> KexecPlan {
    let initrd = name.contains("6g") ? 0x46_fc35 : 0x1f_9bb8
    return try plan(
      name, .arm64, KernelBuilder.arm64Image(size: 0x63_1200, imageSize: 0x6a_0000), initrd,
      forCrash: forCrash, alignment: alignment)
  }

  private func riscvPlan(forCrash: Bool) throws -> KexecPlan {
    try plan(
      "riscv64-virt-7.2-kf", .riscv64,
      KernelBuilder.riscvImage(size: 0x50_a800, imageSize: 0x54_9000), 0x1f_e20c,
      forCrash: forCrash)
  }

  private func pseriesPlan(_ name: String, forCrash: Bool) throws -> KexecPlan {
    try plan(
      name, .ppc64, KernelBuilder.ppc64Kernel(size: 0x83_ae9c, memorySize: 0x8d_0000), 0x27_054e,
      forCrash: forCrash)
  }

  private func plan(
    _ name: String, _ architecture: Architecture, _ kernel: [UInt8], _ initrdSize: Int,
    forCrash: Bool, alignment: UInt64 = 4096
  ) throws -> KexecPlan {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))
    var facts = try facts(of: machine)
    if forCrash {
      facts.read([
        .memory, .core, .crashRegions, .crashCMARanges, .firmware, .cpuNotes, .vmcoreinfoNote,
      ])
      facts.excluded = facts.crashRegions + facts.crashCMARanges
    }
    let request = KexecRequest(
      for: forCrash ? .crash : .kexec, architecture,
      tree: try DeviceTree(blob: machine.flatTree()), on: facts, commandLine: "quiet",
      seeds: fixedSeeds,
      inputs: [.init(.initrd, .bytes([UInt8](repeating: 1, count: initrdSize)))])
    return try KexecPlan(
      request, starting: try KernelImage(kernel.span), kernel, preferredAlignment: alignment)
  }
}

extension KexecPlan {
  func starts(_ parts: [SegmentKind]) -> [UInt64?] {
    parts.map { part in segments.first { $0.kind == part }?.range.start }
  }
}
