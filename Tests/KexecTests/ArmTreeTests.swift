// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `A tree for 32-bit arm` {
  private static let main = range(0x6800_0000, 0x800_0000)
  private static let header = range(0x6fff_0000, 0x1000)
  private static let initrd = range(0x6900_0000, 0x12_3456)

  /// `drivers/of/fdt.c` reads both properties in the cells of the root: one each on most boards of arm. The
  /// initrd's addresses have 8 bytes everywhere, as `drivers/of/kexec.c` writes them.
  @Test(arguments: try Fixtures.boards().filter { $0.contains("/armhf-") && $0.hasSuffix(".dtb") })
  func `tells a crash kernel in the cells of its root`(path: String) throws {
    let base = try DeviceTree(blob: contents(of: path))
    let handover = KexecRequest(
      commandLine: "quiet", initrd: Self.initrd, seeds: .none,
      crash: Crash(coreHeader: Self.header, usableMemory: [Self.main]))

    let next = try NextTree(from: base, for: .arm, handover: handover)

    let file = try TemporaryFolder()
    try write(next.blob, to: file / "next.dtb")
    func cells(_ name: String, of node: String = "/chosen") throws -> String {
      String(try run("fdtget", ["-t", "x", file / "next.dtb", node, name]).text.dropLast())
    }
    let zeros = try ["#address-cells", "#size-cells"].map {
      try cells($0, of: "/") == "1" ? "" : "0 "
    }
    #expect(try cells("linux,elfcorehdr") == "\(zeros[0])6fff0000 \(zeros[1])1000")
    #expect(
      try cells("linux,usable-memory-range") == "\(zeros[0])68000000 \(zeros[1])8000000")
    #expect(try cells("linux,initrd-start") == "0 69000000")
    #expect(try cells("linux,initrd-end") == "0 69123456")
    #expect(try run("fdtdump", [file / "next.dtb"]).status == 0)
    let view = try NextKernelView(of: DeviceTree(blob: next.blob), for: .arm)
    #expect(view.initrd == Self.initrd)
    #expect(view.coreHeader == Self.header)
  }

  @Test func `of boards is of both kinds`() throws {
    let boards = try Fixtures.boards().filter { $0.contains("/armhf-") && $0.hasSuffix(".dtb") }
    let cells = try Set(boards.map { try DeviceTree(blob: contents(of: $0)).cellCounts(of: "/") })

    #expect(cells.contains { $0.address == 1 && $0.size == 1 })
  }

  /// U-Boot writes 4 bytes where one cell is enough.
  @Test(arguments: [
    (PropertyValue.u32(0x6000_0000), PropertyValue.u32(0x6000_1000)),
    (.u64(0x6000_0000), .u64(0x6000_1000)),
  ])
  func `forgets an old initrd of 4 and of 8 bytes`(
    start: PropertyValue, end: PropertyValue
  ) throws {
    var base = try source("cells-1-1")
    try base.setProperty("linux,initrd-start", of: "/chosen", to: start)
    try base.setProperty("linux,initrd-end", of: "/chosen", to: end)
    try base.addReservation(range(0x6000_0000, 0x1000).tuple)

    let tree = try patched(base, for: .arm, KexecRequest(commandLine: "quiet", seeds: .none))

    #expect(try tree.chosen("linux,initrd-start") == nil)
    #expect(!tree.reservations.contains(range(0x6000_0000, 0x1000).tuple))
  }

  @Test(
    arguments: [
      (
        range(0x1_0000_0000, 0x1000), range(0x1_0000_0000, 0x800_0000), "elfcorehdr: 0x100000000"
      ),
      (
        range(0xffff_0000, 0x1000), range(0x8000_0000, 0x1_0000_0000), "usable memory 0x80000000"
      ),
    ])
  func `says nothing that passes 32 bits`(
    header: PhysicalRange, main: PhysicalRange, place: String
  ) throws {
    let crash = Crash(coreHeader: header, usableMemory: [main])

    let error = #expect(throws: KexecError.self) {
      try patched(source("cells-1-1"), for: .arm, KexecRequest(seeds: .none, crash: crash))
    }

    #expect(error?.description.contains(place) == true, "\(error.map { "\($0)" } ?? "")")
    #expect(error?.description.contains("addresses of 32 bits") == true)
  }
}
