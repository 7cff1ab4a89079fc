// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The same input makes the same bytes` {
  @Test(arguments: machinesWithTrees)
  func `twice`(name: String) throws {
    let machine = try Fixtures.machine(name)
    let arguments = ["--for-kexec", "--root", machine] + GivenSeeds.options

    let (first, second) = (try dtfix(arguments), try dtfix(arguments))

    #expect(first.status == 0)
    #expect(first.output == second.output)
  }

  @Test(arguments: machinesWithTrees, [GivenSeeds.options, GivenSeeds.none])
  func `when its own output is patched again`(name: String, seeds: [String]) throws {
    let machine = try Fixtures.machine(name)
    let place = try Workplace()
    let ram = try firstMemory(of: machine)
    let arguments =
      [
        "--for-kexec", "--root", machine, "--command-line", "console=x a=b", "--initrd-at",
        "0x\(String(ram + 0x800_0000, radix: 16))+0x123457", "--reserve",
        "0x\(String(ram + 0x1000, radix: 16))+0x1000", "--reserve", "4096@65536",
      ] + seeds

    try dtfix(arguments + ["-o", place / "once.dtb"])
    let again = try dtfix(arguments + ["-i", place / "once.dtb", "-o", place / "twice.dtb"])

    expectSilence(again)
    #expect(try contents(of: place / "twice.dtb") == contents(of: place / "once.dtb"))
  }

  @Test(arguments: [
    "qemu-arm64-virt", "qemu-riscv64-virt", "cells-1-1", "reserved-memory", "board",
    "stale-handover",
  ])
  func `when its own output is patched again without a machine`(source: String) throws {
    let place = try Workplace(source)
    let arguments =
      ["--for-kexec", "--append", "", "--reserve", "64K@0x40000000"] + GivenSeeds.options

    try dtfix(arguments + ["-i", place.board, "-o", place / "once.dtb"])
    let again = try dtfix(arguments + ["-i", place / "once.dtb", "-o", place / "twice.dtb"])

    expectSilence(again)
    #expect(try contents(of: place / "twice.dtb") == contents(of: place / "once.dtb"))
  }

  @Test func `but for seeds that are not given`() throws {
    let place = try Workplace()

    let first = try dtfix("--for-kexec", "-i", place.board, "-o", place / "1.dtb")
    let second = try dtfix("--for-kexec", "-i", place.board, "-o", place / "2.dtb")

    expectSilence(first)
    expectSilence(second)
    #expect(try contents(of: place / "1.dtb") != contents(of: place / "2.dtb"))
    #expect(try run("cmp", ["-n", "64", place / "1.dtb", place / "2.dtb"]).status == 0)
    expectSilence(try dtfix("diff", "--ignore-seeds", place / "1.dtb", place / "2.dtb"))
  }
}

/// The first byte of RAM, by the machine's `/proc/iomem`.
private func firstMemory(of machine: String) throws -> UInt64 {
  let iomem = String(decoding: try contents(of: machine + "/proc/iomem"), as: UTF8.self)
  let line = try #require(
    iomem.split(separator: "\n").first { $0.hasSuffix(" : System RAM") })
  return try #require(UInt64(line.prefix { $0 != "-" }, radix: 16))
}
