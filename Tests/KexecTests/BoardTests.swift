// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `Every board` {
  @Test func `is patched, and other tools read the result`() throws {
    for path in try Fixtures.boards() where path.hasSuffix(".dtb") {
      let base = try DeviceTree(blob: contents(of: path))
      let architecture = try #require(Architecture(describedBy: base), "\(path)")
      let initrd = Self.initrd(for: architecture)
      let handover = KexecRequest(
        commandLine: "console=ttyS0 board", initrd: initrd,
        reservations: [range(0x3_0000_0000, 0x1000)], seeds: fixedSeeds)

      let next = try NextTree(from: base, for: architecture, handover: handover)

      let file = try TemporaryFolder()
      try write(next.blob, to: file / "next.dtb")
      let bootargs = try run("fdtget", [file / "next.dtb", "/chosen", "bootargs"])
      #expect(bootargs.text == "console=ttyS0 board\n", "\(path)")
      #expect(try run("fdtdump", [file / "next.dtb"]).status == 0, "\(path)")
      #expect(try differentLines(base.blob, next.blob) == expectedLines(initrd), "\(path)")
    }
  }

  /// Above 4 GiB where the kernel can have it there.
  private static func initrd(for architecture: Architecture) -> PhysicalRange {
    range(architecture == .arm ? 0xf000_0000 : 0x2_0000_0000, 0x12_3456)
  }

  @Test func `that is an overlay is no tree to boot with`() throws {
    for path in try Fixtures.boards() where path.hasSuffix(".dtbo") {
      let overlay = try DeviceTree(blob: contents(of: path))

      #expect(throws: KexecError.self) { try patched(overlay) }
    }
  }

  /// The lines that dtc prints of the new tree and not of the old one.
  private func differentLines(_ old: [UInt8], _ new: [UInt8]) throws -> Set<String> {
    let lines = try [old, new].map {
      Set(
        try Fixtures.sortedSource($0).split(separator: "\n").map { String($0.drop { $0 == "\t" }) })
    }
    return lines[1].subtracting(lines[0]).filter { !$0.contains("-seed =") && $0 != "chosen {" }
  }

  private func expectedLines(_ initrd: PhysicalRange) -> Set<String> {
    [
      "/memreserve/\t\(digits(initrd.start, 16)) \(digits(initrd.size, 16));",
      "/memreserve/\t0x0000000300000000 0x0000000000001000;",
      "bootargs = \"console=ttyS0 board\";", "linux,booted-from-kexec;",
      "linux,initrd-start = <\(digits(initrd.start >> 32, 2)) \(digits(initrd.start & 0xffff_ffff, 2))>;",
      "linux,initrd-end = <\(digits(initrd.end >> 32, 2)) \(digits(initrd.end & 0xffff_ffff, 2))>;",
    ]
  }

  /// A number as dtc prints it.
  private func digits(_ number: UInt64, _ count: Int) -> String {
    let digits = String(number, radix: 16)
    return "0x" + String(repeating: "0", count: max(0, count - digits.count)) + digits
  }
}
