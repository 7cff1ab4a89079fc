// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The tree for an ordinary kexec` {
  @Test(arguments: machinesWithTrees)
  func `is made for a captured machine`(name: String) throws {
    let machine = try Fixtures.machine(name)
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "--root", machine, "-o", place / "next.dtb")

    expectSilence(result)
    let commandLine = try contents(of: machine + "/proc/cmdline")
    #expect(
      try fdtget(place / "next.dtb", "/chosen", "bootargs")
        == String(decoding: commandLine.dropLast(), as: UTF8.self))
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,booted-from-kexec") == "")
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,initrd-start") == nil)
    let kaslr = try fdtget(place / "next.dtb", "/chosen", "kaslr-seed", as: "bx")
    let rng = try fdtget(place / "next.dtb", "/chosen", "rng-seed", as: "bx")
    #expect(kaslr?.split(separator: " ").count == 8)
    #expect(rng?.split(separator: " ").count == 128)
  }

  @Test func `is what the kernel's own kexec_file_load made`() throws {
    let place = try Workplace()
    let commandLine = "console=ttyAMA0 loglevel=5 panic=10 lab.stage=second crashkernel=192M"

    let result = try dtfix(
      "--for-kexec", "--root", capturedMachine, "--command-line", commandLine, "--initrd-at",
      "0x410a0000+0x1f9bb8", "-o", place / "next.dtb")

    expectSilence(result)
    let oracle = capturedMachine + "/oracle/normal-kernel.seen.dtb"
    #expect(
      try sourceWithoutSeeds(of: place / "next.dtb") == sourceWithoutSeeds(of: oracle))
  }

  @Test(arguments: try Fixtures.boards().filter { $0.hasSuffix(".dtb") })
  func `changes nothing outside of the hand-over`(board: String) throws {
    let place = try Workplace(blob: try contents(of: board))

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    expectSilence(result)
    try run("fdtput", ["-r", place.board, "/chosen"])
    try run("fdtput", ["-r", place / "next.dtb", "/chosen"])
    #expect(
      try Fixtures.sortedSource(contents(of: place / "next.dtb"))
        == Fixtures.sortedSource(contents(of: place.board)))
  }

  @Test func `is the default command`() throws {
    let arguments = ["--for-kexec", "--root", capturedMachine] + GivenSeeds.none

    let named = try dtfix(["fix"] + arguments)
    let unnamed = try dtfix(arguments)

    #expect(named.status == 0)
    #expect(named.output.prefix(4) == [0xd0, 0x0d, 0xfe, 0xed])
    #expect(named.output == unnamed.output)
  }

  @Test func `is made only when it is said what for`() throws {
    let place = try Workplace()

    let result = try dtfix("-i", place.board, "-o", place / "next.dtb")

    expectUsageError(result, "--for-kexec")
    #expect(try place.names() == ["board.dtb"])
  }
}

/// The sorted source without lines of seeds, which are random.
private func sourceWithoutSeeds(of tree: String) throws -> [Substring] {
  try Fixtures.sortedSource(contents(of: tree)).split(separator: "\n")
    .filter { !$0.contains("-seed") }
}
