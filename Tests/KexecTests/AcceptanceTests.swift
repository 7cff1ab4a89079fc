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

/// Every rule by which a finished blob is read back must be able to say no.
@Suite struct `The acceptance checks` {
  static let handover = KexecRequest(
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
    Damage("an initrd that is not reserved") {
      try $0.deleteReservation(AddressAndSize(address: someInitrd.start, size: someInitrd.size))
    },
    Damage("a reservation that was not requested") {
      try $0.addReservation(AddressAndSize(address: someInitrd.end - 1, size: 4096))
    },
    Damage("a property twice") {
      var root = $0.root
      let index = try #require(root.children.firstIndex { $0.name == "chosen" })
      root.children[index].properties.append(Property("bootargs", .string("console=ttyS1")))
      $0 = try DeviceTree(root: root)
    },
    Damage("a missing reservation") {
      try $0.deleteReservation(AddressAndSize(address: 0x7000_0000, size: 0x1000))
    },
    Damage("a seed of four bytes") { try $0.setChosen("kaslr-seed", .u32(1)) },
    Damage("no seed") { try $0.deleteProperty("rng-seed", of: "/chosen") },
    Damage("root cells of three") { try $0.setProperty("#size-cells", of: "/", to: .u32(3)) },
    Damage("no chosen") { try $0.deleteNode("/chosen") },
    Damage("half of UEFI") { try $0.setChosen("linux,uefi-system-table", .u64(1)) },
    Damage("another boot CPU") { $0.bootCPU = 1 },
    Damage("a node more") { try $0.addNode("new", to: "/") },
    Damage("a node less") { try $0.deleteNode("/aliases") },
    Damage("another value elsewhere") { try $0.setProperty("model", of: "/", to: .string("x")) },
    Damage("the console gone") { try $0.deleteProperty("stdout-path", of: "/chosen") },
    Damage("no mark of kexec") { try $0.deleteProperty("linux,booted-from-kexec", of: "/chosen") },
    Damage("a mark with a value") { try $0.setChosen("linux,booted-from-kexec", .u32(1)) },
    Damage("nothing but chosen") {
      for name in try $0.children(of: "/") where name != "chosen" { try $0.deleteNode("/" + name) }
    },
    Damage("more than the kernel maps") {
      try $0.setProperty("x", of: "/", to: .init(bytes: Array(repeating: 0, count: 2 << 20)))
    },
  ]

  @Test(arguments: damages)
  func `refuses`(damage: Damage) throws {
    #expect(try findings(after: damage.make) != [])
  }

  @Test(arguments: [0, 1, 39, 40, 100])
  func `refuses a blob cut short`(size: Int) throws {
    let base = try source("board")
    let blob = try NextTree(from: base, for: .arm64, handover: Self.handover).blob

    #expect(findings(in: Array(blob.prefix(size)), base).count == 1)
  }

  @Test func `refuses bytes after the blob`() throws {
    let base = try source("board")
    let blob = try NextTree(from: base, for: .arm64, handover: Self.handover).blob

    #expect(findings(in: blob + [0], base).count == 1)
  }

  static let stubDamages: [Damage] = [
    Damage("a node besides chosen") { try $0.addNode("memory@40000000", to: "/") },
    Damage("a hypervisor that is not Xen") { try $0.addNode("hypervisor", to: "/") },
    Damage("UEFI gone") {
      for name in try $0.properties(of: "/chosen").map(\.name) where name.contains("uefi") {
        try $0.deleteProperty(name, of: "/chosen")
      }
    },
    Damage("a UEFI value of three bytes") {
      try $0.setChosen("linux,uefi-mmap-size", PropertyValue(bytes: [1, 2, 3]))
    },
  ]

  @Test(arguments: stubDamages)
  func `refuses of a machine with ACPI`(damage: Damage) throws {
    let base = try source("acpi-stub")
    var tree = try patched(base, Self.handover)
    #expect(findings(in: tree.blob, base) == [])

    try damage.make(&tree)

    #expect(findings(in: tree.blob, base) != [])
  }

  @Test func `lets Xen be beside chosen, and anything on architectures that do not care`() throws {
    let base = try source("acpi-stub")
    var edited = base
    try edited.addNode("hypervisor", to: "/")
    func findings(_ architecture: Architecture) throws -> [Finding] {
      var request = Self.handover
      request.architecture = architecture
      return RequestedTree(
        request, KernelCommandLine("console=ttyS0"), base: base, edited: edited,
        chosen: try edited.properties(of: "/chosen"), reservations: []
      ).findings(
        in: try patched(edited, for: .riscv64, Self.handover).blob, for: .kexec, architecture,
        on: request.machine)
    }
    #expect(try findings(.riscv64) == [])
    #expect(try findings(.arm64).map(\.place) == ["/"])

    try edited.setProperty(
      "compatible", of: "/hypervisor", to: .strings(["xen,xen-4.17", "xen,xen"]))

    #expect(try findings(.arm64) == [])
  }

  private func findings(after damage: (inout DeviceTree) throws -> Void) throws -> [Finding] {
    let base = try source("board")
    var tree = try patched(base, Self.handover)
    try damage(&tree)
    return findings(in: tree.blob, base)
  }

  private func findings(in blob: [UInt8], _ base: DeviceTree) -> [Finding] {
    var request = Self.handover
    request.architecture = .arm64
    return RequestedTree(
      request, KernelCommandLine("console=ttyS0"), base: base, edited: base,
      chosen: (try? base.properties(of: "/chosen")) ?? [],
      reservations: base.reservations.filter { $0.address != 0xa20_0000 }
    ).findings(in: blob, for: .kexec, .arm64, on: request.machine)
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
