// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The next kernel's command line` {
  private let treesOwn = "console=ttyS0,115200n8 root=/dev/mmcblk0p2 rootwait crashkernel=256M"
  private let machines = "console=ttyAMA0 loglevel=5 panic=10 crashkernel=192M"

  @Test func `is the machine's by default`() throws {
    #expect(try bootargs("--root", capturedMachine) == machines)
  }

  @Test func `is the tree's own by default for a tree alone`() throws {
    #expect(try bootargs("-i", "board.dtb") == treesOwn)
  }

  @Test func `is the machine's by default for a tree and a machine`() throws {
    #expect(try bootargs("-i", "board.dtb", "--root", capturedMachine) == machines)
  }

  @Test func `is the machine's when requested`() throws {
    #expect(
      try bootargs("-i", "board.dtb", "--root", capturedMachine, "--reuse-cmdline") == machines)
    #expect(try bootargs("--root", capturedMachine, "--reuse-cmdline") == machines)
  }

  @Test func `is this machine's when that is requested`() throws {
    let running = try contents(of: "/proc/cmdline")

    let reused = try bootargs("-i", "board.dtb", "--reuse-cmdline")

    #expect(reused == String(decoding: running.dropLast(), as: UTF8.self))
  }

  @Test(arguments: [
    "quiet", "  two  blanks  ", "a=\"b  c\"", "--leading", "tab\there", "elfcorehdr=0x1 kept",
    "e=\u{e9}",
  ])
  func `is what was written, letter by letter`(text: String) throws {
    #expect(try bootargs("-i", "board.dtb", "--command-line=\(text)") == text)
  }

  @Test func `can be appended to`() throws {
    #expect(try bootargs("-i", "board.dtb", "--append", "one two") == treesOwn + " one two")
    #expect(try bootargs("--root", capturedMachine, "--append", "--x") == machines + " --x")
    #expect(try bootargs("-i", "board.dtb", "--command-line", "a", "--append", "b") == "a b")
    #expect(try bootargs("-i", "board.dtb", "--command-line", "", "--append", "b") == "b")
    #expect(try bootargs("-i", "board.dtb", "--append", "") == treesOwn)
  }

  @Test func `begins with what is appended to nothing`() throws {
    let place = try Workplace()
    try run("fdtput", ["-d", place.board, "/chosen", "bootargs"])

    try dtfix("--for-kexec", "-i", place.board, "--append", "only", "-o", place / "next.dtb")

    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == "only")
  }

  @Test func `can be empty, which is not the same as none`() throws {
    #expect(try bootargs("-i", "board.dtb", "--command-line", "") == "")
  }

  @Test func `can be left to the next kernel`() throws {
    #expect(try bootargs("-i", "board.dtb", "--no-command-line") == nil)
    #expect(try bootargs("--root", capturedMachine, "--no-command-line") == nil)
  }

  @Test(arguments: [
    ["--command-line", "a", "--reuse-cmdline"], ["--command-line", "a", "--no-command-line"],
    ["--reuse-cmdline", "--no-command-line"],
    ["--command-line", "a", "--reuse-cmdline", "--no-command-line"],
  ])
  func `is requested in one way`(arguments: [String]) throws {
    let place = try Workplace()

    let result = try dtfix(["--for-kexec", "-i", place.board] + arguments)

    expectUsageError(result, "--command-line", "--reuse-cmdline", "--no-command-line", "exclude")
  }

  @Test func `must be there to be appended to`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--no-command-line", "--append", "a")

    expectUsageError(result, "--append")
  }

  @Test(arguments: [("aarch64", 2047), ("riscv64", 2047), ("armv7l", 1023)])
  func `fits the kernel's buffer with its NUL`(architecture: String, limit: Int) throws {
    let place = try Workplace()
    let longest = String(repeating: "x", count: limit)
    let fix = ["--for-kexec", "-i", place.board, "--arch", architecture, "-o", place / "next.dtb"]

    let accepted = try dtfix(fix + ["--command-line", longest])
    let before = try place.files()
    let refused = try dtfix(fix + ["--command-line", longest + "x"])
    let grown = try dtfix(fix + ["--command-line", longest, "--append", "y"])

    expectSilence(accepted)
    expectRefusal(refused, 64, "\(limit + 1) bytes", architecture, "keeps \(limit)")
    expectRefusal(grown, 64, "\(limit + 2) bytes")
    #expect(try place.files() == before)
  }

  /// The command line of the tree made of `board.dtb`.
  private func bootargs(_ arguments: String...) throws -> String? {
    let place = try Workplace()

    let result = try run(
      dtfixPath, ["--for-kexec", "-o", "next.dtb"] + arguments, in: place.folder.path)

    expectSilence(result)
    return try fdtget(place / "next.dtb", "/chosen", "bootargs")
  }
}
