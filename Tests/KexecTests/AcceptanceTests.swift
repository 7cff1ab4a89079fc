// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory
import TestSupport
import Testing

@testable import Kexec

/// Every rule by which a finished blob is read back must be able to say no.
@Suite struct `The acceptance checks` {
  static let handover = Handover(
    commandLine: "console=ttyS0", initrd: someInitrd, reservations: [range(0x7000_0000, 0x1000)],
    seeds: fixedSeeds)

  @Test func `finds nothing in a good tree`() throws {
    #expect(try findings(after: { _ in }) == [])
  }

  static let damages: [Damage] = [
    Damage("a hand-over of long ago") { try $0.setChosen("linux,kho-fdt", .u64(1)) },
    Damage("a core header") { try $0.setChosen("linux,elfcorehdr", .cells([0, 1, 0, 1])) },
    Damage("another command line") { try $0.setChosen("bootargs", .string("console=ttyS1")) },
    Damage("a command line without its NUL") {
      try $0.setChosen("bootargs", PropertyValue(bytes: Array("console=ttyS0".utf8)))
    },
    Damage("no command line") { try $0.deleteProperty("bootargs", of: "/chosen") },
    Damage("an initrd that ends elsewhere") { try $0.setChosen("linux,initrd-end", .u64(1 << 40)) },
    Damage("an initrd address of three cells") {
      try $0.setChosen("linux,initrd-start", .cells([0, 0, 0x5000_0000]))
    },
    Damage("an initrd nobody reserved") {
      try $0.deleteReservation(AddressAndSize(address: someInitrd.start, size: someInitrd.size))
    },
    Damage("an initrd in firmware's memory") {
      try $0.addReservation(AddressAndSize(address: someInitrd.end - 1, size: 4096))
    },
    Damage("a missing reservation") {
      try $0.deleteReservation(AddressAndSize(address: 0x7000_0000, size: 0x1000))
    },
    Damage("a seed of four bytes") { try $0.setChosen("kaslr-seed", .u32(1)) },
    Damage("no seed") { try $0.deleteProperty("rng-seed", of: "/chosen") },
    Damage("root cells of three") { try $0.setProperty("#size-cells", of: "/", to: .u32(3)) },
    Damage("no chosen") { try $0.deleteNode("/chosen") },
    Damage("half of UEFI") { try $0.setChosen("linux,uefi-system-table", .u64(1)) },
    Damage("more than the kernel maps") {
      try $0.setProperty("x", of: "/", to: .init(bytes: Array(repeating: 0, count: 2 << 20)))
    },
  ]

  @Test(arguments: damages)
  func `refuses`(damage: Damage) throws {
    #expect(try findings(after: damage.make) != [])
  }

  @Test func `refuses an unmapped region under the initrd`() throws {
    let base = try source("reserved-memory")
    let region = try #require(
      try base.children(of: "/reserved-memory").map { "/reserved-memory/" + $0 }.first {
        try base.property("no-map", of: $0) != nil
      })
    let cells = try base.cellCounts(of: "/reserved-memory")
    let memory = try #require(try base.property("reg", of: region)?.tuples(cells)?.first)
    let handover = Handover(initrd: range(memory.address, 16), seeds: fixedSeeds)

    #expect(throws: PlanError.self) { try patched(base, handover) }
  }

  @Test(arguments: [0, 1, 39, 40, 100])
  func `refuses a blob cut short`(size: Int) throws {
    let base = try source("board")
    let blob = try NextTree(from: base, for: .arm64, handover: Self.handover).blob

    let findings = Acceptance(.arm64, Self.handover).findings(
      in: Array(blob.prefix(size)), madeFrom: base)

    #expect(findings.count == 1)
  }

  @Test func `refuses bytes behind the blob`() throws {
    let base = try source("board")
    let blob = try NextTree(from: base, for: .arm64, handover: Self.handover).blob

    #expect(Acceptance(.arm64, Self.handover).findings(in: blob + [0], madeFrom: base).count == 1)
  }

  private func findings(after damage: (inout DeviceTree) throws -> Void) throws -> [Finding] {
    let base = try source("board")
    var tree = try patched(base, Self.handover)
    try damage(&tree)
    return Acceptance(.arm64, Self.handover).findings(in: tree.blob, madeFrom: base)
  }
}

/// A way to break a finished tree.
struct Damage: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let make: @Sendable (inout DeviceTree) throws -> Void

  init(_ name: String, _ make: @escaping @Sendable (inout DeviceTree) throws -> Void) {
    testDescription = name
    self.make = make
  }
}

extension DeviceTree {
  fileprivate mutating func setChosen(_ name: String, _ value: PropertyValue) throws {
    try setProperty(name, of: "/chosen", to: value)
  }
}
