// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import PhysicalMemory
import Reports
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `A plan with IMA's measurements` {
  static let list = MeasurementBytes.buffer(of: [64, 4000, 0])

  /// `ima_add_kexec_buffer`: 24 + 3 * 73 + 4064 bytes and half a page in whole pages, the highest place
  /// there is, before the kernel has one.
  @Test func `has them at the end of memory, and half a page more`() throws {
    let plan = try machine().plan()
    let segment = try #require(plan.segments.first { $0.kind == .imaBuffer })
    let tree = try DeviceTree(blob: try #require(plan.bytes(.tree)))

    #expect(segment.range == range(0x7fff_0000, 0x2000))
    #expect(segment.bytes == Self.list)
    #expect(plan.placements.first?.kind == .imaBuffer)
    #expect(plan.starts([.kernel(0), .tree]) == [0x4000_0000, 0x7fe0_0000])
    #expect(try tree.chosen("linux,ima-kexec-buffer") == .cells([0, 0x7fff_0000, 0, 0x2000]))
    #expect(tree.reservations.contains(segment.range.tuple))
    #expect(PlanManifest(plan).segments.contains { $0.name == "ima" && $0.file == "ima.bin" })
  }

  @Test func `is explained, and says what it cannot give`() throws {
    let plan = try machine().plan()

    #expect(
      plan.explanation.contains {
        $0.hasPrefix("placed IMA buffer at 0x7fff0000-0x7fff1fff: the highest free")
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

    #expect(plan.segments.first { $0.kind == .imaBuffer }?.range.size == size)
  }

  /// To the byte: a list that leaves half a page free, and one more.
  @Test(arguments: [(0, 0x1000), (1, 0x2000)] as [(Int, UInt64)])
  func `leaves half a page free`(more: Int, size: UInt64) throws {
    var machine = machine()
    machine.measurements = MeasurementBytes.buffer(of: [
      2048 - 24 - MeasurementBytes.entrySize + more
    ])

    let plan = try machine.plan()

    #expect(plan.segments.first { $0.kind == .imaBuffer }?.range.size == size)
  }

  /// A big-endian kernel reads either order, as its command line says (`ima_canonical_fmt`).
  @Test(arguments: [(ByteOrder.little, ByteOrder.little), (.big, .big), (.big, .little)])
  func `may be of powerpc, after the next kernel`(kernel: ByteOrder, list: ByteOrder) throws {
    var machine = PowerPCMachine()
    machine.facts.byteOrder = kernel
    machine.measurements = MeasurementBytes.buffer(of: [64], list)

    let plan = try machine.plan(forCrash: false)

    #expect(
      plan.segments.first { $0.kind == .imaBuffer }?.range == range(0x3fff_0000, 0x1_0000))
    #expect(LoadFolder(of: plan, on: machine.facts).check().findings == [])
  }

  @Test(arguments: badLists)
  func `is refused with a list that the next kernel would not take whole`(
    text: String, list: [UInt8]
  ) throws {
    var machine = machine()
    machine.measurements = list

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.subject == .handedOver(.imaBuffer))
    #expect(error?.text.contains(text) == true, "\(error?.text ?? "")")
  }

  private static let entry = MeasurementBytes.entry(nameSize: 0)
  private static let unknown = MeasurementBytes.entry(nameSize: 0, template: "foo-ng")

  /// 73 bytes are an entry without a name.
  private static let badLists: [(String, [UInt8])] = [
    ("the header has 24 bytes, and 23 are left", Array(list[..<23])),
    ("version 2", [2] + list[1...]),
    ("version 257", [1, 1] + list[2...]),
    ("the list is big-endian", MeasurementBytes.buffer(of: [1], .big)),
    ("are 4307 bytes; the rule is 24 to 4306", Array(list.dropLast())),
    (
      "counts 3 measurements in 97 bytes; 1 end at 97",
      MeasurementBytes.header(size: 97, count: 3) + entry
    ),
    (
      "counts 0 measurements in 97 bytes; 0 end at 24",
      MeasurementBytes.header(size: 97, count: 0) + entry
    ),
    ("73 bytes after it", MeasurementBytes.header(size: 170, count: 1) + entry + entry),
    ("the data has 35 bytes, and 34 are left", MeasurementBytes.header(size: 96, count: 1) + entry),
    ("are 8 bytes", MeasurementBytes.header(size: 8, count: 0)),
    ("are 18446744073709551615 bytes", MeasurementBytes.header(size: -1, count: 0)),
    (#"no template "foo-ng""#, MeasurementBytes.header(size: 97, count: 1) + unknown),
  ]

  @Test func `is refused cut short anywhere`() throws {
    var machine = machine()
    for length in 0..<Self.list.count where length < 200 || length % 97 == 0 {
      machine.measurements = Array(Self.list[..<length])
      #expect(throws: KexecError.self) { try machine.plan() }
    }
  }

  @Test func `is refused for a crash`() throws {
    var machine = machine()
    machine.isForCrash = true
    machine.facts.crashRegions = [range(0x4800_0000, 64 << 20)]

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.text == "the IMA buffer: a crash kernel is given none")
  }

  @Test func `is refused with more than half of RAM`() throws {
    var machine = machine()
    machine.facts.systemRAM = [range(0x4000_0000, 16 << 20)]
    machine.measurements = MeasurementBytes.buffer(of: [8 << 20])

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(
      error?.description == """
        the IMA buffer: 8392704 bytes of memory are more than half of RAM, 8388608 \
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
  @Test func `are refused, because the next kernel would not find them`() throws {
    var machine = loongArch()
    machine.measurements = MeasurementBytes.buffer(of: [1])

    let error = #expect(throws: KexecError.self) { try machine.plan() }

    #expect(error?.subject == .architecture)
    #expect(error?.text.contains("look for no measurements in a tree") == true)
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
      Alteration("names the IMA buffer at 0x7fff0000-0x7fff1fff, loaded is one at") {
        $0.move("ima", to: 0x7ffe_0000)
      },
      Alteration("names the IMA buffer at 0x7fff0000-0x7fff1fff, loaded is none") {
        $0.remove("ima")
      },
      Alteration("names no IMA buffer") {
        $0.edit { try $0.deleteProperty("linux,ima-kexec-buffer", of: "/chosen") }
      },
      Alteration("names the IMA buffer at 0x7fff0000-0x7fff2fff, loaded is one at") {
        $0.edit {
          try $0.setProperty(
            "linux,ima-kexec-buffer", of: "/chosen", to: .cells([0, 0x7fff_0000, 0, 0x3000]))
        }
      },
      Alteration("not one range that is reserved") {
        $0.edit { try $0.deleteReservation(range(0x7fff_0000, 0x2000).tuple) }
      },
      Alteration("not one range that is reserved") {
        $0.edit {
          try $0.deleteReservation(range(0x7fff_0000, 0x2000).tuple)
          try $0.addReservation(range(0x7fff_0000, 0x1000).tuple)
        }
      },
      Alteration("ima: offset 0x0: version 2") { $0.contents["ima.bin"]?[0] = 2 },
      Alteration("ima: its header counts 4 measurements in 4227 bytes; 2 end at 4227") {
        $0.contents["ima.bin"]?[16] = 4
      },
      Alteration("ima: offset 0x8: header and list are 4227 bytes; the rule is 24 to 4226") {
        $0.contents["ima.bin"]?.removeLast()
      },
      Alteration("measurement 1: the template's name has 16777222 bytes") {
        $0.contents["ima.bin"]?[24 + 24 + 3] = 1
      },
      Alteration(#"measurement 1: kernels have no template "foo-ng""#) {
        $0.contents["ima.bin"]?.replaceSubrange((24 + 28)..<(24 + 31), with: "foo".utf8)
      },
      Alteration("ima: a crash kernel is given none") {
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

  /// A file that is larger than what is looked at: entries are believed, the header is not.
  @Test(arguments: [(0, nil), (4, nil), (-1, "24 to 4306"), (-4284, "23 are left")])
  func `is looked at in its header, if it is not read whole`(more: Int, text: String?) throws {
    let list = MeasurementBytes.buffer(of: [64, 4000, 0])
    let content = SegmentContent(
      start: Array(list.prefix(min(40, list.count + more))), size: list.count + more)

    let problem = IMABufferCheck(content, .little).problem

    #expect((problem == nil) == (text == nil), "\(problem ?? "")")
    #expect(text.map { problem?.contains($0) == true } != false, "\(problem ?? "")")
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
