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

@Suite struct `A hand-over to a crash kernel` {
  static let main = range(0x9000_0000, 0x1000_0000)
  static let low = range(0x5000_0000, 0x400_0000)
  static let header = range(0x9fff_0000, 0x1000)

  @Test func `writes the main region, then the low one`() throws {
    let tree = try patched(source("qemu-arm64-virt"), handover())

    #expect(try tree.chosen("linux,elfcorehdr") == .cells([0, 0x9fff_0000, 0, 0x1000]))
    #expect(
      try tree.chosen("linux,usable-memory-range")
        == .cells([0, 0x9000_0000, 0, 0x1000_0000, 0, 0x5000_0000, 0, 0x400_0000]))
    #expect(tree.reservations.contains(Self.header.tuple))
  }

  @Test func `uses the cells of the root`() throws {
    let tree = try patched(source("cells-1-1"), handover())

    #expect(try tree.chosen("linux,elfcorehdr") == .cells([0x9fff_0000, 0x1000]))
  }

  @Test func `is refused where one cell cannot say it`() throws {
    let high = range(0x1_0000_0000, 0x1000_0000)
    let crash = Crash(coreHeader: range(0x1_0000_0000, 0x1000), usableMemory: [high])

    let error = #expect(throws: KexecError.self) {
      try patched(source("cells-1-1"), KexecRequest(seeds: .none, crash: crash))
    }
    #expect(
      error?.description == """
        the elfcorehdr: 0x100000000-0x100000fff does not fit the tree's root cells: addresses of 32 bits, \
        sizes of 32 bits [fdt.c:early_init_dt_scan_root]
        """)
    #expect(
      try patched(source("qemu-arm64-virt"), KexecRequest(seeds: .none, crash: crash)).chosen(
        "linux,elfcorehdr") == .cells([1, 0, 0, 0x1000]))
  }

  @Test(
    arguments: [
      ([], .usableMemory, "0 ranges of usable memory"),
      ([main, low, range(0, 0x1000)], .usableMemory, "3 ranges of usable memory"),
      ([low, main], .usableMemory, "usable memory \(low), then \(main): the main region"),
      (
        [main, range(0x8fff_f000, 0x2000)], .usableMemory,
        "usable memory \(main), then 0x8ffff000-0x90000fff: the main region"
      ),
      (
        [low], .handedOver(.coreHeader),
        "\(header) is not in the crash kernel's main region, \(low)"
      ),
    ] as [([PhysicalRange], KexecError.Subject, String)])
  func `is refused when a crash kernel would read the memory otherwise`(
    memory: [PhysicalRange], subject: KexecError.Subject, text: String
  ) throws {
    let crash = Crash(coreHeader: Self.header, usableMemory: memory)

    let error = #expect(throws: KexecError.self) {
      try patched(source("qemu-arm64-virt"), KexecRequest(seeds: .none, crash: crash))
    }

    #expect(error?.kind == .usage)
    #expect(error?.subject == subject)
    #expect(error?.text.contains(text) == true, "\(error?.text ?? "")")
  }

  @Test(arguments: [
    (range(0x5000_0000, 0x1000), "is not in the crash kernel's main region, \(main)"),
    (range(0x9ffe_f000, 0x1001), "overlaps the elfcorehdr at \(header)"),
    (range(0x9fff_f000, 0x1001), "is not in the crash kernel's main region, \(main)"),
  ])
  func `is refused with its initrd in the wrong place`(
    initrd: PhysicalRange, reason: String
  ) throws {
    #expect(throws: KexecError.badPlace(.initrd, initrd, reason)) {
      try patched(source("qemu-arm64-virt"), handover(initrd: initrd))
    }
  }

  @Test func `is refused outside of the memory that the machine set apart`() throws {
    let machine = MachineSnapshot(crashRegions: [range(0x9000_0000, 0x800_0000), Self.low])

    let error = #expect(throws: KexecError.self) {
      try patched(source("qemu-arm64-virt"), handover(), on: machine)
    }

    #expect(error?.subject == .usableMemory)
    #expect(error?.text.hasPrefix("usable memory \(Self.main) is not in the memory") == true)
  }

  @Test(arguments: [
    ("a crashkernel=1G b", "a b"), ("crashkernel=1G,high crashkernel=64M,low", ""),
    ("mem=1G@0x90000000 mem=2G", "mem=2G"), ("elfcorehdr=0x1 x", "x"),
    ("x -- crashkernel=1", "x -- crashkernel=1"),
  ])
  func `takes a command line without the words for the first kernel`(
    text: String, rest: String
  ) throws {
    let line = KernelCommandLine(reusing: Array(text.utf8), for: .crash)

    #expect(String(decoding: line.bytes, as: UTF8.self) == rest)
    #expect(line.changes.isEmpty == (text == rest))
  }

  @Test func `names the core header on riscv's command line, with one or without`() throws {
    let base = try source("qemu-riscv64-virt")

    let with = try patched(base, for: .riscv64, handover(commandLine: "quiet"))
    let without = try patched(base, for: .riscv64, handover(commandLine: .omitted))

    #expect(try with.chosen("bootargs") == .string("elfcorehdr=0x9fff0000 quiet"))
    #expect(try without.chosen("bootargs") == .string("elfcorehdr=0x9fff0000"))
  }

  static let damages: [Damage] = [
    Damage("no usable memory") {
      try $0.deleteProperty("linux,usable-memory-range", of: "/chosen")
    },
    Damage("the low region first") {
      try $0.setProperty(
        "linux,usable-memory-range", of: "/chosen",
        to: .cells([0, 0x5000_0000, 0, 0x400_0000, 0, 0x9000_0000, 0, 0x1000_0000]))
    },
    Damage("usable memory of odd length") {
      try $0.setProperty("linux,usable-memory-range", of: "/chosen", to: .cells([0, 1, 2]))
    },
    Damage("no core header") { try $0.deleteProperty("linux,elfcorehdr", of: "/chosen") },
    Damage("two core headers") {
      try $0.setProperty(
        "linux,elfcorehdr", of: "/chosen", to: .cells([0, 0x9fff_0000, 0, 0x1000, 0, 1, 0, 1]))
    },
    Damage("a core header that nobody reserved") { try $0.deleteReservation(header.tuple) },
    Damage("a KHO tree") { try $0.setProperty("linux,kho-fdt", of: "/chosen", to: .u64(1)) },
  ]

  @Test(arguments: damages)
  func `is read back, and refused with`(damage: Damage) throws {
    let base = try source("qemu-arm64-virt")
    var handover = handover(commandLine: "x")
    handover.architecture = .arm64
    var tree = try patched(base, handover)
    func findings(_ tree: DeviceTree) -> [Finding] {
      RequestedTree(
        handover, KernelCommandLine("x"), base: base, edited: base,
        chosen: (try? base.properties(of: "/chosen")) ?? [],
        reservations: base.reservations
      ).findings(in: tree.blob, for: .crash, .arm64, on: handover.machine)
    }
    #expect(findings(tree) == [])

    try damage.make(&tree)

    #expect(findings(tree) != [])
  }

  private func handover(
    commandLine: CommandLineChoice = .ofTree(), initrd: PhysicalRange? = nil
  ) -> KexecRequest {
    KexecRequest(
      commandLine: commandLine, initrd: initrd, seeds: .none,
      crash: Crash(coreHeader: Self.header, usableMemory: [Self.main, Self.low]))
  }
}
