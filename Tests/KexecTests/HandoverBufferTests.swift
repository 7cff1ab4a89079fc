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

@Suite struct `IMA's measurements in a tree` {
  static let place = range(0x7000_0000, 0x2_0000)

  @Test(
    arguments: [
      ("board", Architecture.arm64, [0, 0x7000_0000, 0, 0x2_0000]),
      ("cells-1-1", .riscv64, [0x7000_0000, 0x2_0000]),
      ("qemu-riscv64-virt", .riscv64, [0, 0x7000_0000, 0, 0x2_0000]),
    ] as [(String, Architecture, [UInt32])])
  func `are written in the cells of the root, and reserved`(
    name: String, architecture: Architecture, cells: [UInt32]
  ) throws {
    let tree = try patched(source(name), for: architecture, handover())

    #expect(try tree.chosen("linux,ima-kexec-buffer") == .cells(cells))
    #expect(tree.reservations.contains(Self.place.tuple))
  }

  @Test func `take the place of those of the last hand-over`() throws {
    let tree = try patched(source("stale-handover"), handover())
    let twice = try NextTree(from: tree, for: .arm64, handover: handover())

    #expect(
      Set(tree.reservations) == [
        AddressAndSize(address: 0x4000_0000, size: 0x80000), Self.place.tuple,
      ])
    #expect(twice.blob == tree.blob)
    #expect(twice.changes.filter { $0.action != .kept } == [])
  }

  @Test func `are explained with what they cannot give`() throws {
    let next = try NextTree(from: source("board"), for: .arm64, handover: handover())

    let change = try #require(
      next.changes.first { $0.subject == .property("linux,ima-kexec-buffer", node: "/chosen") })
    #expect(change.action == .added && "\(change.rule)" == "drivers/of/kexec.c:setup_ima_buffer")
    for text in ["PCR 10", "remote verifier", "lockdown", "CONFIG_KEXEC_FILE"] {
      #expect(change.description.contains(text))
    }
    #expect(!next.warnings.contains { $0.place == "measurements" })
  }

  /// Without an unflattened tree there is no `of_chosen` to look in.
  @Test(arguments: [("acpi-stub", 1), ("board", 0)])
  func `warn where a kernel goes by ACPI`(name: String, count: Int) throws {
    let next = try NextTree(from: source(name), for: .arm64, handover: handover())

    #expect(next.warnings.filter { $0.text.contains("ACPI") }.count == count)
  }

  @Test(
    arguments: [
      Refusal("not of whole pages") { $0[.imaBuffer] = .at(range(0x7000_0800, 0x2_0000)) },
      Refusal("not of whole pages") { $0[.imaBuffer] = .at(range(0x7000_0000, 0x1f800)) },
      Refusal("overlaps the initrd") { $0[.initrd] = .at(range(0x7001_f000, 0x1_2345)) },
      Refusal("overlaps the requested reservation") { $0.reservations = [range(0x7001_fff0, 1)] },
      Refusal("not all in System RAM") { $0[.imaBuffer] = .at(range(0x9000_0000, 0x2_0000)) },
      Refusal("is in reserved memory") { $0[.imaBuffer] = .at(range(0x4fff_f000, 0x2000)) },
      Refusal("a crash kernel is given none") {
        $0.set(
          Crash(
            coreHeader: range(0x9000_0000, 0x1000), usableMemory: [range(0x9000_0000, 0x10_0000)]))
      },
    ])
  func `are refused where the next kernel would free what is not theirs`(
    refusal: Alteration<KexecRequest>
  ) throws {
    var base = try source("qemu-arm64-virt")
    try base.addReservation(range(0x5000_0000, 0x1000).tuple)
    var handover = handover()
    refusal.make(&handover)

    let error = #expect(throws: KexecError.self) {
      try patched(
        base, handover,
        on: MachineSnapshot(pageSize: 4096, systemRAM: [range(0x4000_0000, 0x4000_0000)]))
    }

    #expect(error?.description.contains(refusal.text) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [Architecture.arm, .other])
  func `are refused for kernels that never look`(architecture: Architecture) throws {
    let error = #expect(throws: KexecError.self) {
      try patched(source("cells-1-1"), for: architecture, handover())
    }

    #expect(error?.description.contains("look for no measurements in a tree") == true)
  }

  @Test func `are refused where one cell cannot say it`() throws {
    var handover = handover()
    handover[.imaBuffer] = .at(range(0x1_0000_0000, 0x2_0000))

    let error = #expect(throws: KexecError.self) { try patched(source("cells-1-1"), handover) }

    #expect(
      error?.description == """
        the IMA buffer: 0x100000000-0x10001ffff does not fit the tree's root cells: addresses of 32 bits, \
        sizes of 32 bits [fdt.c:early_init_dt_scan_root]
        """)
  }

  private func handover() -> KexecRequest {
    var handover = KexecRequest(commandLine: "x", seeds: fixedSeeds)
    handover[.imaBuffer] = .at(Self.place)
    return handover
  }
}

/// Where the two parts of KHO lie.
private struct KHOPlaces {
  let tree: PhysicalRange
  let scratch: PhysicalRange
}

@Suite struct `KHO in a tree` {
  private static let both = KHOPlaces(
    tree: range(0x7000_0000, 0x1000), scratch: range(0x7001_0000, 48))

  @Test func `is written as both addresses, and reserves nothing`() throws {
    let tree = try patched(source("stale-handover"), handover(Self.both))

    #expect(try tree.chosen("linux,kho-fdt") == .cells([0, 0x7000_0000, 0, 0x1000]))
    #expect(try tree.chosen("linux,kho-scratch") == .cells([0, 0x7001_0000, 0, 48]))
    #expect(tree.reservations == [AddressAndSize(address: 0x4000_0000, size: 0x80000)])
  }

  @Test func `says what is not known`() throws {
    let next = try NextTree(from: source("board"), for: .arm64, handover: handover(Self.both))

    #expect(next.warnings.contains { $0.place == "KHO" && $0.text.contains("scratch areas") })
  }

  @Test(
    arguments: [
      (range(0x7000_0000, 0x2000), both.scratch, "is not one page"),
      (range(0x7000_0800, 0x1000), both.scratch, "is not one page"),
      (both.tree, range(0x7001_0000, 40), "16 bytes each"),
      (both.tree, range(0x7001_0004, 48), "16 bytes each"),
      (both.tree, range(0x7001_0000, (256 << 10) + 16), "256 KiB"),
      (both.tree, range(0x7000_0ff0, 48), "overlaps the KHO tree"),
    ])
  func `is refused where a kernel could not take it`(
    place: PhysicalRange, scratch: PhysicalRange, text: String
  ) throws {
    let error = #expect(throws: KexecError.self) {
      try patched(
        source("board"), handover(KHOPlaces(tree: place, scratch: scratch)),
        on: MachineSnapshot(pageSize: 4096))
    }

    #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [Architecture.riscv64, .arm, .ppc64, .other])
  func `is refused for any but arm64`(architecture: Architecture) throws {
    let error = #expect(throws: KexecError.self) {
      try patched(source("board"), for: architecture, handover(Self.both))
    }

    #expect(error?.description.contains("have no KHO") == true)
  }

  @Test func `is refused for a crash kernel`() throws {
    var handover = handover(Self.both)
    handover.set(
      Crash(coreHeader: range(0x9000_0000, 0x1000), usableMemory: [range(0x9000_0000, 0x10_0000)]))

    let error = #expect(throws: KexecError.self) { try patched(source("board"), handover) }

    #expect(error?.description.contains("a crash kernel is given none") == true)
  }

  private func handover(_ kho: KHOPlaces) -> KexecRequest {
    var handover = KexecRequest(commandLine: "x", seeds: fixedSeeds)
    handover.inputs = [.init(.khoTree, .at(kho.tree)), .init(.khoScratch, .at(kho.scratch))]
    return handover
  }
}

/// What is requested, and a few words of the refusal.
private typealias Refusal = Alteration<KexecRequest>
