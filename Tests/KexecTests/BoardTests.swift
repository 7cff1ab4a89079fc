// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import TestSupport
import Testing

@Suite struct `Every board` {
  @Test func `is patched, and other tools read the result`() throws {
    for path in try Fixtures.boards() where path.hasSuffix(".dtb") {
      let base = try DeviceTree(blob: contents(of: path))
      let architecture = try #require(Architecture(describedBy: base), "\(path)")
      let handover = Handover(
        commandLine: "console=ttyS0 board", initrd: range(0x2_0000_0000, 0x12_3456),
        reservations: [range(0x3_0000_0000, 0x1000)], seeds: fixedSeeds)

      let next = try NextTree(from: base, for: architecture, handover: handover)

      let file = try TemporaryFolder()
      try write(next.blob, to: file / "next.dtb")
      let bootargs = try run("fdtget", [file / "next.dtb", "/chosen", "bootargs"])
      #expect(bootargs.text == "console=ttyS0 board\n", "\(path)")
      #expect(try run("fdtdump", [file / "next.dtb"]).status == 0, "\(path)")
      #expect(try differentLines(base.blob, next.blob) == expectedLines(base), "\(path)")
    }
  }

  @Test func `that is an overlay is no tree to boot with`() throws {
    for path in try Fixtures.boards() where path.hasSuffix(".dtbo") {
      let overlay = try DeviceTree(blob: contents(of: path))

      #expect(throws: PlanError.self) { try patched(overlay) }
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

  private func expectedLines(_ base: DeviceTree) -> Set<String> {
    [
      "/memreserve/\t0x0000000200000000 0x0000000000123456;",
      "/memreserve/\t0x0000000300000000 0x0000000000001000;",
      "bootargs = \"console=ttyS0 board\";", "linux,booted-from-kexec;",
      "linux,initrd-start = <0x02 0x00>;", "linux,initrd-end = <0x02 0x123456>;",
    ]
  }
}
