// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

/// What other programs get wrong, each named after the mistake.
///
/// Sources: the notes on peers and section 8 of the device-tree reference; the programs are named.
@Suite struct `Mistakes of others` {
  @Test(arguments: ["linux,usable-memory-range", "linux,elfcorehdr"])
  func `kexec-tools, arm64: a kexec out of a crash kernel keeps`(property: String) throws {
    let tree = try patched(source("stale-handover"))

    #expect(try tree.chosen(property) == nil)
  }

  @Test(arguments: ["linux,ima-kexec-buffer", "linux,kho-fdt", "linux,kho-scratch"])
  func `kexec-tools: memory that is gone is announced again by`(property: String) throws {
    let tree = try patched(source("stale-handover"))

    #expect(try tree.chosen(property) == nil)
  }

  @Test func `kexec-tools, arm64: no kaslr-seed unless there was one`() throws {
    var base = try source("qemu-arm64-virt")
    try base.deleteProperty("kaslr-seed", of: "/chosen")

    let tree = try patched(base)

    #expect(try tree.chosen("kaslr-seed")?.bytes == fixedSeeds.kaslr)
  }

  @Test func `kexec-tools, arm64: a tree with a seed of its own is refused`() throws {
    var base = try source("qemu-arm64-virt")
    try base.setProperty("kaslr-seed", of: "/chosen", to: .u64(0x1234_5678_0000_0000))

    let tree = try patched(base)

    #expect(try tree.chosen("kaslr-seed")?.bytes == fixedSeeds.kaslr)
  }

  @Test func `kexec-tools and u-root: the next kernel gets no rng-seed`() throws {
    let tree = try patched(source("qemu-arm64-virt"))

    #expect(try tree.chosen("rng-seed")?.bytes == fixedSeeds.rng)
  }

  @Test func `kexec-tools, riscv: addresses in the cells of chosen instead of the root's`() throws {
    var base = try source("cells-1-1")
    try base.setProperty(
      "linux,ima-kexec-buffer", of: "/chosen", to: .cells([0x4a00_0000, 0x1000]))
    let buffer = AddressAndSize(address: 0x4a00_0000, size: 0x1000)
    try base.addReservation(buffer)

    let tree = try patched(base)

    #expect(try base.cellCounts(of: "/chosen") == CellCounts(address: 2, size: 2))
    #expect(!tree.reservations.contains(buffer))
  }

  @Test func `kexec-tools, riscv: a one-cell initrd address is misread in a two-cell tree`() throws
  {
    let base = try source("qemu-arm64-virt")
    let start = try #require(try base.chosen("linux,initrd-start"))
    let end = try #require(try base.chosen("linux,initrd-end")?.number)
    var reserved = base
    let first = try #require(start.number)
    let old = AddressAndSize(address: first, size: end - first)
    try reserved.addReservation(old)

    let tree = try patched(reserved)

    #expect(start.bytes.count == 4)
    #expect(!tree.reservations.contains(old))
    #expect(try tree.chosen("linux,initrd-start") == nil)
  }

  @Test(arguments: ["", "a", "ab", "abc", "abcd"])
  func `kexec-tools: bytes after the command line are copied along`(text: String) throws {
    let tree = try patched(
      source("board"), KexecRequest(commandLine: .given(KernelCommandLine(text)), seeds: fixedSeeds)
    )

    #expect(try tree.chosen("bootargs")?.bytes == Array(text.utf8) + [0])
  }

  @Test func `kexec-tools, arm64 and riscv: reservations pile up over many kexecs`() throws {
    var tree = try source("board")
    let first = tree.reservations.count

    for generation in 1...5 as ClosedRange<UInt64> {
      let initrd = range(0x5000_0000 + generation << 24, 0x10_0001)
      tree = try patched(tree, KexecRequest(initrd: initrd, seeds: fixedSeeds))
    }

    #expect(tree.reservations.count == first)
    #expect(tree.reservations.last?.address == 0x5500_0000)
  }

  @Test func `kexec-lite: every second reservation survives its deletion`() throws {
    var base = try source("stale-handover")
    let initrd = AddressAndSize(address: 0x1_50aa_0000, size: 0x1f_a000)
    for _ in 0..<4 { try base.addReservation(initrd) }

    let tree = try patched(base)

    #expect(tree.reservations == [AddressAndSize(address: 0x4000_0000, size: 0x80000)])
  }

  @Test func `u-root: any node called chosen is taken for it`() throws {
    var base = try source("board")
    try base.deleteNode("/chosen")
    try base.addNode("decoy", to: "/")
    try base.addNode("chosen", to: "/decoy")
    try base.setProperty("bootargs", of: "/decoy/chosen", to: .string("decoy"))

    let tree = try patched(base, KexecRequest(commandLine: "real", seeds: fixedSeeds))

    #expect(try tree.chosen("bootargs")?.string == "real")
    #expect(try tree.property("bootargs", of: "/decoy/chosen")?.string == "decoy")
  }

  @Test func `u-root: a tree without chosen is an error`() throws {
    var base = try source("board")
    try base.deleteNode("/chosen")

    let tree = try patched(base, KexecRequest(commandLine: "x", seeds: fixedSeeds))

    #expect(try tree.chosen("bootargs")?.string == "x")
  }

  @Test(arguments: ["cells-1-1", "board"])
  func `U-Boot: the width of the initrd's addresses follows the cells of the root`(
    name: String
  ) throws {
    let tree = try patched(source(name), KexecRequest(initrd: someInitrd, seeds: fixedSeeds))

    #expect(try tree.chosen("linux,initrd-start") == .u64(someInitrd.start))
    #expect(try tree.chosen("linux,initrd-end") == .u64(someInitrd.end))
  }

  @Test func `U-Boot: firmware's reservation goes because it starts where the initrd did`() throws {
    var base = try source("stale-handover")
    let firmware = AddressAndSize(address: 0x1_50aa_0000, size: 0x80_0000)
    try base.addReservation(firmware)

    let tree = try patched(base)

    #expect(tree.reservations.contains(firmware))
  }

  @Test func `fdtput: no way to write a reservation`() throws {
    let wanted = range(0x9000_0000, 0x1_0000)

    let tree = try patched(
      source("board"), KexecRequest(reservations: [wanted], seeds: fixedSeeds))

    #expect(tree.reservations.last == AddressAndSize(address: wanted.start, size: wanted.size))
  }

  @Test func `libfdt: deleting a doubled property uncovers the second one`() throws {
    var root = try source("stale-handover").root
    let chosen = try #require(root.children.firstIndex { $0.name == "chosen" })
    let doubled = root.children[chosen].properties
    root.children[chosen].properties += doubled
    let base = try DeviceTree(root: root)

    let tree = try patched(base)

    let names = try tree.properties(of: "/chosen").map(\.name)
    let handover = names.filter { $0.hasPrefix("linux,") || $0.hasSuffix("-seed") }
    #expect(Set(handover) == ["linux,booted-from-kexec", "kaslr-seed", "rng-seed"])
    #expect(handover.count == 3)
  }

  @Test(arguments: ["#address-cells", "#size-cells"])
  func `libfdt and Linux: each has its own idea of missing root cells`(name: String) throws {
    var base = try source("board")
    try base.deleteProperty(name, of: "/")

    #expect(throws: KexecError.tree(DeviceTreeError(.badCells, node: "/", property: name))) {
      try patched(base)
    }
  }

  @Test(arguments: [0, 3, 4] as [UInt32])
  func `kexec-tools: cells other than one and two`(count: UInt32) throws {
    var base = try source("board")
    try base.setProperty("#address-cells", of: "/", to: .u32(count))

    #expect(
      throws: KexecError.tree(
        DeviceTreeError(
          .badCells, node: "/", property: "#address-cells", value: UInt64(count)))
    ) {
      try patched(base)
    }
  }

  @Test func `any patcher: a node more turns ACPI off`() throws {
    let overlay = try DeviceTree(
      blob: Fixtures.compile(
        """
        /dts-v1/; /plugin/;
        &{/} { memory@80000000 { device_type = "memory"; }; };
        """))

    #expect(throws: KexecError.self) {
      try patched(source("acpi-stub"), edits: [.overlay(overlay, name: "memory.dtbo")])
    }
  }

  @Test func `any patcher: a stub tree that is patched is still a stub`() throws {
    let tree = try patched(source("acpi-stub"), KexecRequest(initrd: someInitrd, seeds: fixedSeeds))

    #expect(try tree.children(of: "/") == ["chosen"])
  }
}
