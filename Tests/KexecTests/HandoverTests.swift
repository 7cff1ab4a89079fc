// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `A hand-over` {
  @Test func `leaves nothing of the last one`() throws {
    let base = try source("stale-handover")

    let tree = try patched(base, Handover(commandLine: "new", seeds: fixedSeeds))

    #expect(
      Set(try tree.properties(of: "/chosen").map(\.name)) == [
        "stdout-path", "bootargs", "kaslr-seed", "rng-seed", "linux,booted-from-kexec",
      ])
    #expect(tree.reservations == [AddressAndSize(address: 0x4000_0000, size: 0x80000)])
  }

  @Test func `changes nothing but chosen and reservations`() throws {
    let base = try source("stale-handover")

    let tree = try patched(base)

    let nodes = base.compared(with: tree).differences.compactMap { difference in
      if case .property(_, let node, _, _) = difference { node } else { nil }
    }
    #expect(Set(nodes) == ["/chosen"])
  }

  @Test(arguments: Fixtures.sources.filter { $0 != "qemu-ppc64-pseries" })
  func `of its own output changes no byte when the seeds are given`(name: String) throws {
    let handover = Handover(
      commandLine: "console=ttyS0", initrd: someInitrd,
      reservations: [range(0x7000_0000, 0x1000), range(0x7800_0000, 0x10)], seeds: fixedSeeds)

    let once = try NextTree(from: source(name), for: .arm64, handover: handover)
    let twice = try NextTree(
      from: DeviceTree(blob: once.blob), for: .arm64, handover: handover)

    #expect(once.blob == twice.blob)
    #expect(twice.changes.filter { $0.action != .kept } == [])
  }

  @Test func `of its own output changes only the seeds`() throws {
    let other = Seeds(kaslr: Array(11...18), rng: Array(repeating: 7, count: 128))
    let once = try patched(source("board"), Handover(initrd: someInitrd, seeds: fixedSeeds))

    let twice = try patched(once, Handover(initrd: someInitrd, seeds: other))

    let differences = once.compared(with: twice).differences
    #expect(differences.count == 2)
    #expect(differences.filter { !$0.isOfSeed } == [])
  }

  @Test func `over ten generations does not grow`() throws {
    var tree = try source("qemu-arm64-virt")
    var sizes: [Int] = []

    for _ in 0..<10 {
      tree = try patched(tree, Handover(commandLine: "x", initrd: someInitrd, seeds: fixedSeeds))
      sizes.append(tree.blob.count)
      // As the next kernel leaves it: one seed wiped, the other turned into FDT_NOP.
      try tree.setProperty("kaslr-seed", of: "/chosen", to: .u64(0))
      try tree.deleteProperty("rng-seed", of: "/chosen")
    }

    #expect(Set(sizes).count == 1)
  }

  @Test func `without a command line leaves the kernel its own`() throws {
    let tree = try patched(source("board"), Handover(seeds: fixedSeeds))

    #expect(try tree.chosen("bootargs") == nil)
  }

  @Test func `without seeds removes old ones`() throws {
    let once = try patched(source("board"))

    let tree = try patched(once, Handover(commandLine: "x", seeds: .none))

    #expect(try tree.chosen("kaslr-seed") == nil)
    #expect(try tree.chosen("rng-seed") == nil)
  }

  @Test(
    arguments: [(4096, 0x1f_a000), (16384, 0x1f_c000), (65536, 0x20_0000)] as [(UInt64, UInt64)])
  func `frees an initrd that firmware reserved in whole pages`(
    pageSize: UInt64, size: UInt64
  ) throws {
    var base = try source("stale-handover")
    let entry = AddressAndSize(address: 0x1_50aa_0000, size: size)
    try base.replaceReservations(with: [entry])

    for known in [pageSize, nil] {
      let tree = try patched(base, on: MachineFacts(pageSize: known))
      #expect(tree.reservations == [])
    }
  }

  @Test func `leaves a reservation that is not the initrd's in any page size`() throws {
    var base = try source("stale-handover")
    let entry = AddressAndSize(address: 0x1_50aa_0000, size: 0x20_0000)
    try base.replaceReservations(with: [entry])

    let tree = try patched(base, on: MachineFacts(pageSize: 4096))

    #expect(tree.reservations == [entry])
  }

  @Test(arguments: ["linux,initrd-start", "linux,initrd-end"])
  func `refuses half an old initrd, as the kernel does`(property: String) throws {
    var base = try source("qemu-arm64-virt")
    try base.setProperty(property, of: "/chosen", to: PropertyValue(bytes: [1, 2, 3]))

    #expect(throws: PlanError.badInitrd(property: property)) { try patched(base) }
  }

  @Test func `refuses the start of an initrd without its end`() throws {
    var base = try source("qemu-arm64-virt")
    try base.deleteProperty("linux,initrd-end", of: "/chosen")

    #expect(throws: PlanError.badInitrd(property: "linux,initrd-end")) { try patched(base) }
  }

  @Test func `drops the end of an initrd without its start`() throws {
    var base = try source("qemu-arm64-virt")
    try base.deleteProperty("linux,initrd-start", of: "/chosen")

    #expect(try patched(base).chosen("linux,initrd-end") == nil)
  }

  @Test(arguments: [(Architecture.arm64, 2047), (.riscv64, 2047), (.arm, 1023)])
  func `refuses a command line that the kernel would cut`(
    architecture: Architecture, longest: Int
  ) throws {
    let base = try source("board")
    let line = String(repeating: "x", count: longest)
    let fits = Handover(commandLine: KernelCommandLine(line), seeds: .none)
    var tooLong = fits
    tooLong.commandLine = KernelCommandLine(line + "x")

    _ = try patched(base, for: architecture, fits)
    #expect(
      throws: PlanError.commandLineTooLong(
        size: longest + 1, limit: longest + 1, architecture: architecture.name)
    ) {
      try patched(base, for: architecture, tooLong)
    }
  }

  @Test func `refuses an initrd at address 0`() throws {
    #expect(throws: PlanError.initrdAtZero) {
      try patched(source("board"), Handover(initrd: range(0, 4096), seeds: .none))
    }
  }

  @Test func `refuses an initrd that is not all in memory`() throws {
    let machine = MachineFacts(systemRAM: [range(0x4000_0000, 0x1000), range(0x4000_1000, 0x1000)])
    let base = try source("board")

    _ = try patched(base, Handover(initrd: range(0x4000_0800, 0x1000), seeds: .none), on: machine)
    #expect(throws: PlanError.notInSystemRAM(range(0x4000_1800, 0x1000))) {
      try patched(base, Handover(initrd: range(0x4000_1800, 0x1000), seeds: .none), on: machine)
    }
  }

  @Test(
    arguments: [(0x8000_8000, "reservation"), (0xbfef_f000, "reservation")] as [(UInt64, String)])
  func `refuses an initrd in memory that firmware keeps`(start: UInt64, place: String) throws {
    let handover = Handover(initrd: range(start, 0x1000), seeds: .none)

    #expect(throws: PlanError.self) { try patched(source("reserved-memory"), handover) }
  }

  @Test func `refuses an architecture whose trees it cannot finish`() throws {
    #expect(throws: PlanError.self) {
      try patched(source("qemu-ppc64-pseries"), for: .ppc64)
    }
  }

  @Test func `refuses a tree larger than the kernel maps`() throws {
    var base = try source("board")
    try base.setProperty("ballast", of: "/", to: .init(bytes: Array(repeating: 1, count: 2 << 20)))

    #expect(throws: PlanError.self) { try patched(base) }
    #expect(try patched(base, for: .arm).blob.count > 2 << 20)
  }

  @Test func `refuses a node so full that editing it would take for ever`() throws {
    var root = try source("board").root
    let chosen = try #require(root.children.firstIndex { $0.name == "chosen" })
    root.children[chosen].properties = (0..<10_001).map { Property("p\($0)", .empty) }

    #expect(
      throws: PlanError.tree(DeviceTreeError(.tooMany, node: "/chosen", value: 10_001))
    ) {
      try patched(DeviceTree(root: root))
    }
  }
}
