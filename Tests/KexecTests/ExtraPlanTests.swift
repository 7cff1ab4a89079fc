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

@Suite struct `A plan with bytes of one's own` {
  static let extras = [
    KexecRequest.Input(name: "acme,log", bytes: [UInt8](repeating: 1, count: 5000)),
    KexecRequest.Input(name: "acme,keys", bytes: [2, 3]),
  ]

  @Test func `places them from the end of memory, before the tree`() throws {
    let plan = try machine().plan()
    let tree = try DeviceTree(blob: try #require(plan.bytes(.tree)))

    #expect(plan.starts([.extra(0), .extra(1)]) == [0x7fff_0000, 0x7ffe_0000])
    #expect(plan.segments.first { $0.kind == .extra(0) }?.range.size == 0x2000)
    #expect(plan.bytes(.extra(1)) == [2, 3])
    #expect(
      plan.placements.map(\.kind)
        == [.kernel(0), .initrd, .extra(0), .extra(1), .tree, .trampoline])
    #expect(try tree.chosen("acme,log") == .cells([0, 0x7fff_0000, 0, 5000]))
    #expect(try tree.chosen("acme,keys") == .cells([0, 0x7ffe_0000, 0, 2]))
    #expect(tree.reservations.contains(AddressAndSize(address: 0x7fff_0000, size: 5000)))
    #expect(tree.reservations.contains(AddressAndSize(address: 0x7ffe_0000, size: 2)))
    #expect(PlanManifest(plan).segments.map(\.file).contains("extra-1.bin"))
  }

  @Test func `has them in a crash kernel's memory, too`() throws {
    var machine = machine()
    machine.isForCrash = true
    machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)]

    let plan = try machine.plan()

    let region = range(0x4800_0000, 64 << 20)
    #expect(plan.segments.allSatisfy { region.contains($0.range) })
    #expect(LoadFolder(of: plan, on: machine.facts).check().findings == [])
  }

  @Test(arguments: [false, true])
  func `may be of powerpc`(forCrash: Bool) throws {
    var machine = PowerPCMachine()
    machine.extras = Self.extras

    let plan = try machine.plan(forCrash: forCrash)

    #expect(LoadFolder(of: plan, on: machine.facts).check().findings == [])
  }

  /// 4 segments, and 12 more are all that a kernel takes.
  @Test(arguments: [(12, true), (13, false)])
  func `has 16 segments at most`(count: Int, isGood: Bool) throws {
    var machine = SmallMachine()
    machine.extras = (0..<count).map { .init(name: "acme,\($0)", bytes: [1]) }

    guard !isGood else { return #expect(try machine.plan().segments.count == 16) }
    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains("17 segments") == true)
  }

  /// The first for riscv, whose kernel takes the first tree it finds; the second for a crash alone.
  @Test(
    arguments: [
      ([0xd0, 0x0d, 0xfe, 0xed, 0, 0, 1, 0], false, "begins like a device tree"),
      ([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0], true, "begins like the elfcorehdr"),
    ] as [([UInt8], Bool, String)])
  func `is refused where a kernel would take them for something else`(
    bytes: [UInt8], isForCrash: Bool, text: String
  ) throws {
    var machine = SmallMachine()
    machine.isForCrash = isForCrash
    machine.facts.crashRegions = isForCrash ? [range(0x4800_0000, 64 << 20)] : []
    machine.extras = [.init(name: "acme,log", bytes: bytes + [UInt8](repeating: 0, count: 100))]

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test(
    arguments: [
      ([extras[0], extras[0]], "is given twice"),
      ([.init(name: "bootargs", bytes: [1])], "have their own use"),
      ([.init(name: "acme,log", bytes: [])], "is empty"),
      ([.init(name: "a b", bytes: [1])], "letters, digits"),
    ] as [([KexecRequest.Input], String)])
  func `is refused before anything is placed`(extras: [KexecRequest.Input], text: String) throws {
    var machine = SmallMachine()
    machine.extras = extras

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test func `is refused for LoongArch, whose kernel gets no tree`() throws {
    var machine = loongArch()
    machine.extras = Self.extras

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.description.contains("takes no reservations") == true)
  }

  @Test(
    arguments: [
      Alteration("extra: no property of /chosen names it") {
        $0.move("extra", to: 0x7000_0000)
      },
      Alteration("extra-1: no property of /chosen names it") {
        $0.contents["extra-1.bin"] = [1]
      },
      Alteration("extra: no property of /chosen names it") {
        $0.edit { try $0.deleteProperty("acme,log", of: "/chosen") }
      },
      Alteration("is not reserved") {
        $0.edit { try $0.deleteReservation(AddressAndSize(address: 0x7fff_0000, size: 5000)) }
      },
    ] as [Alteration<LoadFolder>])
  func `is found to be damaged`(damage: Alteration<LoadFolder>) throws {
    let machine = machine()
    var folder = LoadFolder(of: try machine.plan(), on: machine.facts)
    #expect(folder.check().findings == [])

    damage.make(&folder)
    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(damage.text) }, "\(findings)")
  }

  private func machine() -> SmallMachine {
    var machine = SmallMachine()
    machine.extras = Self.extras
    return machine
  }
}

@Suite struct `A plan whose tree has what a plan cannot have` {
  @Test(
    arguments: [
      ("linux,kho-fdt", false, "are not known here"),
      ("linux,kho-scratch", false, "are not known here"),
      ("linux,kho-fdt", true, "hand-over state of an earlier kernel"),
      ("linux,kho-scratch", true, "hand-over state of an earlier kernel"),
      ("linux,dmcryptkeys", true, "no rng-seed"),
      ("linux,dmcryptkeys", false, "hand-over state of an earlier kernel"),
    ])
  func `is found out`(name: String, isForCrash: Bool, text: String) throws {
    var folder = try LoadFolder(isForCrash: isForCrash)
    folder.edit {
      try $0.setProperty(name, of: "/chosen", to: .cells([0, 0x4900_0000, 0, 0x1000]))
    }

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(name) && $0.contains(text) }, "\(findings)")
  }

  @Test func `may have keys of disks with a seed`() throws {
    var folder = try LoadFolder(isForCrash: true)
    folder.edit {
      try $0.setProperty(
        "linux,dmcryptkeys", of: "/chosen", to: .cells([0, 0x4900_0000, 0, 0x1000]))
      try $0.setProperty("rng-seed", of: "/chosen", to: PropertyValue(bytes: [1, 2]))
    }

    #expect(folder.check().findings == [])
  }
}
