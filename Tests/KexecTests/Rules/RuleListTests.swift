// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `The list of rules` {
  @Test func `has a breach for each rule, and no rule twice`() {
    let rules = KernelRule.all.map(\.id)

    #expect(Set(rules).count == rules.count)
    #expect(rules.sorted() == RuleBreach.all.map(\.id).sorted())
  }

  /// A rule that holds from some release on, or until one, says so of releases that are supported.
  @Test func `is of kernels that are supported`() {
    let supported = KernelRelease.oldest...KernelRelease.newest

    for rule in KernelRule.all {
      #expect([rule.since, rule.until].compactMap { $0 }.allSatisfy(supported.contains))
    }
  }

  @Test(
    arguments: [
      RuleSample.arm64, RuleSample.ppc64, RuleSample.loongArch64, RuleSample.acpi,
    ] as [@Sendable (Purpose) throws -> RuleSample])
  func `finds nothing in what is good`(sample: @Sendable (Purpose) throws -> RuleSample) throws {
    for purpose in Purpose.allCases {
      let sample = try sample(purpose)
      let subjects: [KernelRule.Subject] =
        sample.architecture.takesTree ? KernelRule.Subject.allCases : [.plan]
      for subject in subjects { #expect(try sample.findings(as: subject) == []) }
    }
  }

  /// Everyone whom a rule is for finds that it is broken, in the same words.
  @Test(arguments: RuleBreach.all)
  func `is walked by all its callers`(breach: RuleBreach) throws {
    let rule = try #require(KernelRule.all.first { $0.id == breach.id })
    var sample = try breach.sample(breach.purpose)

    try breach.make(&sample)

    for subject in rule.subjects {
      let broken = rule.findings(in: try sample.reading(as: subject))
      let found = try sample.findings(as: subject)
      #expect(!broken.isEmpty, "\(rule.id) is kept by a \(subject)")
      #expect(broken.allSatisfy(found.contains), "\(rule.id): \(found)")
    }
  }

  /// The header says that the kernel needs nearly all of the address space, and starts at its end.
  @Test func `finds an entry beyond the last address`() throws {
    var sample = try RuleSample.loongArch64(.kexec)
    let kernel = try #require(sample.folder.contents["kernel.bin"])
    let offset = try #require(sample.folder.segments.first { $0.name == "kernel" }).range.start
    let link = kernel[24..<32].reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let size = UInt64.max - link & ~0xffff
    for (place, value) in [(8, link + size - 4), (16, size)] {
      for byte in 0..<8 {
        sample.folder.contents["kernel.bin"]?[place + byte] = UInt8(value >> (8 * byte) & 0xff)
      }
    }
    try #require(offset.addingReportingOverflow(size - 4).overflow)

    #expect(sample.folder.check().findings.contains { $0.place == "entry" })
  }

  @Test(.timeLimit(.minutes(1))) func `reads a large chosen in linear time`() throws {
    let names = (0..<200_000).map { Property("p\($0)", .empty) }
    let cells = ["#address-cells", "#size-cells"].map { Property($0, .u32(2)) }
    let root = Node("", properties: cells, children: [Node("chosen", properties: names)])

    let check = TreeCheck(of: try DeviceTree(root: root).blob, for: .kexec, architecture: .arm64)

    #expect(!check.findings.contains { $0.text.contains("twice") })
  }

  /// Trees that a check of a tree and a check of a plan once judged differently.
  @Test(
    arguments: [
      Damage("/chosen: linux,uefi-system-table: missing; without it UEFI is not found") {
        try $0.setProperty("linux,uefi-mmap-size", of: "/chosen", to: .u32(1))
      },
      Damage("/chosen: linux,kexec-handover-buffer-start: hand-over state of an earlier kernel") {
        try $0.setProperty("linux,kexec-handover-buffer-start", of: "/chosen", to: .u64(1))
      },
      Damage("/: chosen@0 and chosen: readers take one of them") {
        try $0.addNode("chosen@0", to: "/")
      },
      Damage("/chosen: bootargs: the command line has elfcorehdr=, which wins over the tree") {
        try $0.setProperty("bootargs", of: "/chosen", to: .string("elfcorehdr=0x40000000"))
      },
    ])
  func `judges a tree the same in a plan`(damage: Damage) throws {
    var folder = try LoadFolder(isForCrash: true)
    folder.edit(damage.make)
    let blob = try #require(folder.contents["dtb.bin"])

    let ofTree = TreeCheck(of: blob, for: .crash, on: folder.facts, architecture: .arm64).findings
    let ofPlan = folder.check().findings

    #expect(ofTree.contains { "\($0.place): \($0.text)" == damage.testDescription }, "\(ofTree)")
    #expect(ofTree == ofPlan)
  }
}
