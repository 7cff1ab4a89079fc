// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import PhysicalMemory
import TestSupport
import Testing

@testable import Kexec

@Suite struct `A plan with IMA's measurements` {
  static let list = MeasurementBytes.buffer(of: [64, 4000, 0])

  /// `ima_add_kexec_buffer`: 24 + 3 * 38 + 4064 bytes and half a page in whole pages, the highest place
  /// there is, before the kernel has one.
  @Test func `has them at the end of memory, and half a page more`() throws {
    let plan = try machine().plan()
    let segment = try #require(plan.segments.first { $0.part == .measurements })
    let tree = try DeviceTree(blob: try #require(plan.bytes(.tree)))

    #expect(segment.range == range(0x7fff_0000, 0x2000))
    #expect(segment.bytes == Self.list)
    #expect(plan.placements.first?.part == .measurements)
    #expect(plan.starts([.kernel(0), .tree]) == [0x4000_0000, 0x7fe0_0000])
    #expect(try tree.chosen("linux,ima-kexec-buffer") == .cells([0, 0x7fff_0000, 0, 0x2000]))
    #expect(tree.reservations.contains(segment.range.tuple))
    #expect(LoadManifest(plan).segments.contains { $0.name == "ima" && $0.file == "ima.bin" })
  }

  @Test func `is explained, and says what it cannot give`() throws {
    let plan = try machine().plan()

    #expect(
      plan.explanation.contains {
        $0.hasPrefix("placed measurement list at 0x7fff0000-0x7fff1fff: the highest free")
      })
    #expect(plan.explanation.contains { $0.contains("will not match PCR 10") })
    #expect(plan.warnings == [])
  }

  @Test(arguments: [(4096, 0x1000), (16384, 0x4000), (65536, 0x10000)] as [(UInt64, UInt64)])
  func `counts the pages of its machine`(pageSize: UInt64, size: UInt64) throws {
    var machine = machine()
    machine.facts.pageSize = pageSize
    machine.measurements = MeasurementBytes.buffer(of: [100])

    let plan = try machine.plan()

    #expect(plan.segments.first { $0.part == .measurements }?.range.size == size)
  }

  /// To the byte: a list that leaves half a page free, and one more.
  @Test(arguments: [(0, 0x1000), (1, 0x2000)] as [(Int, UInt64)])
  func `leaves half a page free`(more: Int, size: UInt64) throws {
    var machine = machine()
    machine.measurements = MeasurementBytes.buffer(of: [2048 - 24 - 38 + more])

    let plan = try machine.plan()

    #expect(plan.segments.first { $0.part == .measurements }?.range.size == size)
  }

  /// A big-endian kernel reads either order, as its command line says (`ima_canonical_fmt`).
  @Test(arguments: [(ByteOrder.little, ByteOrder.little), (.big, .big), (.big, .little)])
  func `may be of powerpc, behind the next kernel`(kernel: ByteOrder, list: ByteOrder) throws {
    var machine = PowerPCMachine()
    machine.facts.byteOrder = kernel
    machine.measurements = MeasurementBytes.buffer(of: [64], list)

    let plan = try machine.plan(forCrash: false)

    #expect(
      plan.segments.first { $0.part == .measurements }?.range == range(0x3fff_0000, 0x1_0000))
    #expect(LoadFolder(of: plan, on: machine.facts).check().findings == [])
  }

  @Test(arguments: badLists)
  func `is refused with a list that the next kernel would not take whole`(
    text: String, list: [UInt8]
  ) throws {
    var machine = machine()
    machine.measurements = list

    let error = #expect(throws: PlanError.self) { try machine.plan() }

    guard case .badPart(.measurements, let reason, _) = error else {
      Issue.record("\(error?.description ?? "")")
      return
    }
    #expect(reason.contains(text), "\(reason)")
  }

  private static let entry = MeasurementBytes.entry(dataSize: 0)

  /// 38 bytes are an entry without data.
  private static let badLists: [(String, [UInt8])] = [
    ("23 bytes", Array(list[..<23])),
    ("version 2", [2] + list[1...]),
    ("version 257", [1, 1] + list[2...]),
    ("big-endian", MeasurementBytes.buffer(of: [1], .big)),
    ("and it has 4201", Array(list.dropLast())),
    ("of 3 entries", MeasurementBytes.header(size: 62, count: 3) + entry),
    ("of 1 entries", MeasurementBytes.header(size: 100, count: 1) + entry + entry),
    ("ends behind", MeasurementBytes.header(size: 61, count: 1) + entry),
    ("tells of 8 bytes", MeasurementBytes.header(size: 8, count: 0)),
    ("tells of 18446744073709551615", MeasurementBytes.header(size: -1, count: 0)),
  ]

  @Test func `is refused cut short anywhere`() throws {
    var machine = machine()
    for length in 0..<Self.list.count where length % 7 == 0 || length < 200 {
      machine.measurements = Array(Self.list[..<length])
      #expect(throws: PlanError.self) { try machine.plan() }
    }
  }

  @Test func `is refused for a crash`() throws {
    var machine = machine()
    machine.isForCrash = true
    machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)]

    #expect(throws: PlanError.noMeasurementsForCrash) { try machine.plan() }
  }

  @Test func `is refused with more than half of RAM`() throws {
    var machine = machine()
    machine.facts.systemRAM = [range(0x4000_0000, 16 << 20)]
    machine.measurements = MeasurementBytes.buffer(of: [8 << 20])

    let error = #expect(throws: PlanError.self) { try machine.plan() }

    #expect(
      error?.description == """
        the measurement list: 8392704 bytes of memory are more than half of RAM, 8388608 \
        [ima_kexec.c:ima_add_kexec_buffer]
        """)
  }

  private func machine() -> SmallMachine {
    var machine = SmallMachine()
    machine.measurements = Self.list
    return machine
  }
}

@Suite struct `Measurements for LoongArch` {
  @Test func `are refused, for nobody tells the next kernel of them`() throws {
    var machine = loongArch()
    machine.measurements = MeasurementBytes.buffer(of: [1])

    #expect(throws: PlanError.noMeasurements(on: .loongarch64)) { try machine.plan() }
  }
}

@Suite struct `A plan with IMA's measurements, under check` {
  @Test func `passes when it is ours, and tells the next kernel's belief`() throws {
    let check = try folder().check()

    #expect(check.findings == [])
    #expect(check.view?.measurements == range(0x7fff_0000, 0x2000))
    #expect(
      check.view?.lines.contains { $0.hasPrefix("measurements: 0x7fff0000-0x7fff1fff") } == true)
  }

  @Test(
    arguments: [
      Alteration("which the next kernel frees; loaded is a list at") {
        $0.move("ima", to: 0x7ffe_0000)
      },
      Alteration("which the next kernel frees; loaded is none") { $0.remove("ima") },
      Alteration("tells of no measurements") {
        $0.edit { try $0.deleteProperty("linux,ima-kexec-buffer", of: "/chosen") }
      },
      Alteration("which the next kernel frees") {
        $0.edit {
          try $0.setProperty(
            "linux,ima-kexec-buffer", of: "/chosen", to: .cells([0, 0x7fff_0000, 0, 0x3000]))
        }
      },
      Alteration("is not reserved") {
        $0.edit { try $0.deleteReservation(range(0x7fff_0000, 0x2000).tuple) }
      },
      Alteration("is not reserved") {
        $0.edit {
          try $0.deleteReservation(range(0x7fff_0000, 0x2000).tuple)
          try $0.addReservation(range(0x7fff_0000, 0x1000).tuple)
        }
      },
      Alteration("ima: version 2") { $0.contents["ima.bin"]?[0] = 2 },
      Alteration("ima: its header tells of 4 entries") { $0.contents["ima.bin"]?[16] = 4 },
      Alteration("ima: its header tells of 4157 bytes, and it has 4156") {
        $0.contents["ima.bin"]?.removeLast()
      },
      Alteration("ima: its entry 0 ends behind") { $0.contents["ima.bin"]?[24 + 24 + 3] = 1 },
      Alteration("ima: is not for this kernel") {
        $0.isForCrash = true
        $0.flags = 1
      },
    ] as [Alteration<LoadFolder>])
  func `is found to be damaged`(damage: Alteration<LoadFolder>) throws {
    var folder = try folder()
    damage.make(&folder)

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.contains(damage.text) }, "\(findings)")
  }

  @Test func `is not for LoongArch`() throws {
    let machine = loongArch()
    var folder = LoadFolder(of: try machine.plan(), on: machine.facts)
    folder.segments.append(.init(name: "ima", range: range(0x6fff_0000, 0x1000), file: "ima.bin"))
    folder.contents["ima.bin"] = MeasurementBytes.buffer(of: [])

    let findings = folder.check().findings.map(\.description)

    #expect(findings.contains { $0.hasPrefix("ima: a kernel without a tree") }, "\(findings)")
  }

  private func folder() throws -> LoadFolder {
    var machine = SmallMachine()
    machine.measurements = MeasurementBytes.buffer(of: [64, 3993])
    return LoadFolder(of: try machine.plan(), on: machine.facts)
  }
}
