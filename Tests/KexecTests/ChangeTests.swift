// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import Reports
import TestSupport
import Testing

@Suite struct `Changes` {
  /// The list explains the whole difference: applied to the old tree by hand it gives the new one.
  @Test(arguments: Fixtures.sources.filter { $0 != "qemu-ppc64-pseries" })
  func `are all there is between the two trees`(name: String) throws {
    let base = try source(name)
    let handover = KexecRequest(
      commandLine: "new", initrd: someInitrd, reservations: [range(0x7000_0000, 0x1000)],
      seeds: fixedSeeds)

    let next = try NextTree(from: base, for: .arm64, handover: handover)

    let told = next.changes.filter { $0.action != .kept }
    let differences = base.compared(with: try DeviceTree(blob: next.blob)).differences
    let chosenIsNew = !base.contains("/chosen")
    #expect(chosenIsNew || told.count == differences.count)
    for change in told {
      #expect(!change.reason.isEmpty)
      #expect(change.rule != .caller || change.reason == "requested")
    }
  }

  @Test func `never show a seed`() throws {
    var base = try source("board")
    try base.setProperty("kaslr-seed", of: "/chosen", to: .u64(0x0908_0706_0504_0302))

    let next = try NextTree(
      from: base, for: .arm64, handover: KexecRequest(commandLine: "x", seeds: fixedSeeds))

    let text = next.changes.map { "\($0)\n\($0.json)" }.joined(separator: "\n")

    #expect(text.contains("(8 secret bytes)"))
    #expect(text.contains("(128 secret bytes)"))
    for part in ["90807", "09 08", "1020304", "01 02 03", "0102030405", "5a5b58"] {
      #expect(!text.contains(part))
    }
    #expect("\(fixedSeeds)" == "Seeds(kaslr: 8 bytes, rng: 128 bytes)")
    #expect(!String(reflecting: fixedSeeds).contains("90"))
  }

  @Test func `say what of the old tree stays`() throws {
    var base = try source("acpi-stub")
    try base.setProperty("linux,something-new", of: "/chosen", to: .u64(1))

    let next = try NextTree(
      from: base, for: .arm64, handover: KexecRequest(commandLine: .omitted, seeds: fixedSeeds))

    let kept = next.changes.filter { $0.action == .kept }.map { "\($0.subject)" }
    #expect(
      Set(kept) == [
        "/chosen: linux,uefi-system-table", "/chosen: linux,uefi-mmap-start",
        "/chosen: linux,uefi-mmap-size", "/chosen: linux,uefi-mmap-desc-size",
        "/chosen: linux,uefi-mmap-desc-ver", "/chosen: linux,uefi-secure-boot",
        "/chosen: linux,something-new",
      ])
  }

  @Test func `of a guess say so`() throws {
    var base = try DeviceTree(blob: source("board").blob)
    let size = UInt64(base.sourceSize)
    let own = AddressAndSize(address: 0x8800_0000, size: size)
    try base.addReservation(own)
    let machine = MachineSnapshot(pageSize: 4096, reserved: [range(0x8800_0000, 0x1_0000)])

    let next = try NextTree(
      from: base, for: .arm64, handover: KexecRequest(seeds: .none), machine: machine)

    let change = try #require(next.changes.first { $0.from == .memory(own) })
    #expect(change.action == .removed)
    #expect(change.reason.contains("guess"))
  }

  @Test func `leave a reservation in whole pages that may be the running tree's`() throws {
    var base = try DeviceTree(blob: source("board").blob)
    let pages = (UInt64(base.sourceSize) + 4095) & ~4095
    let entry = AddressAndSize(address: 0x8800_0000, size: pages)
    try base.addReservation(entry)
    let machine = MachineSnapshot(pageSize: 4096, reserved: [range(0x8800_0000, 0x1_0000)])

    let next = try NextTree(
      from: base, for: .arm64, handover: KexecRequest(seeds: .none), machine: machine)

    #expect(next.changes.contains { $0.action == .kept && $0.from == .memory(entry) })
    #expect(try DeviceTree(blob: next.blob).reservations.contains(entry))
  }

  @Test func `requested come first, in their order`() throws {
    let next = try NextTree(
      from: source("board"),
      edits: [
        .set("model", node: "/", .string("A")), .set("model", node: "/", .string("B")),
        .deleteProperty("stdout-path", node: "/chosen"), .deleteNode("/aliases"),
      ], for: .arm64, handover: KexecRequest(seeds: .none))

    let asked = next.changes.prefix(4).map(\.rule)
    let tree = try DeviceTree(blob: next.blob)
    #expect(asked == [.caller, .caller, .caller, .caller])
    #expect(try tree.property("model", of: "/")?.string == "B")
    #expect(!tree.contains("/aliases"))
  }
}
