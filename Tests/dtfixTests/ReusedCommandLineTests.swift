// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A command line used again` {
  @Test func `loses the words for a riscv crash kernel`() throws {
    let place = try Workplace()
    let machine = try Fixtures.machine("riscv64-virt-7.2-kf")
    try run("cp", ["-r", machine, place / "crashed"])
    let crashed = try contents(of: machine + "/oracle/crash-kernel.cmdline")
    try write(crashed, to: place / "crashed/proc/cmdline")

    let result = try dtfix(
      "--for-kexec", "--root", place / "crashed", "--explain", "-o", place / "next.dtb")

    let words = String(decoding: crashed.dropLast(), as: UTF8.self).split(separator: " ")
    #expect(words.first?.hasPrefix("elfcorehdr=0x") == true)
    #expect(
      try fdtget(place / "next.dtb", "/chosen", "bootargs")
        == words.dropFirst().joined(separator: " "))
    let told = "removed /chosen: bootargs \(words[0]): a word of the last crash kernel's hand-over"
    #expect(result.errors.contains("\n\(told) ["))
  }

  @Test(arguments: [
    ("elfcorehdr=0x1 quiet", "quiet"), ("quiet elfcorehdr=0x1", "quiet"),
    ("a elfcorehdr=1M@0x80000000 b", "a b"), ("elfcorehdr=0x1", ""), ("elfcorehdr= a", "a"),
    ("elfcorehdr=0x1 elfcorehdr=0x2 a", "a"),
    (#"elfcorehdr=0x1 a="b  c" d"#, #"a="b  c" d"#),
    (#"elfcorehdr=0x1 "a=b  c"  d"#, #""a=b  c" d"#),
    (#"a="elfcorehdr=0x2 b" elfcorehdr=0x1"#, #"a="elfcorehdr=0x2 b""#),
  ])
  func `loses elfcorehdr and nothing else`(before: String, after: String) throws {
    let place = try machinePlace(commandLine: before)

    let result = try dtfix("--for-kexec", "--root", place.folder.path, "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == after)
  }

  @Test(arguments: [
    #"a="b  c"  d"#, "  leading and trailing  ", "xelfcorehdr=0x1 a  b", "elfcorehdr  a", "",
    #"a="elfcorehdr=0x1  b""#, "mem=1G crashkernel=64M,high crashkernel=32M,low", #"open="a  b"#,
  ])
  func `is left as it is otherwise`(text: String) throws {
    let place = try machinePlace(commandLine: text)

    let result = try dtfix("--for-kexec", "--root", place.folder.path, "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == text)
  }

  @Test func `is cleaned when it is the tree's own`() throws {
    let place = try Workplace()
    try run("fdtput", ["-t", "s", place.board, "/chosen", "bootargs", "elfcorehdr=0x1 quiet"])

    try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == "quiet")
  }

  @Test func `is what the kernel reads of it: up to the first NUL`() throws {
    let place = try Workplace()
    try run("fdtput", ["-t", "s", place.board, "/chosen", "bootargs", "one", "two"])

    try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == "one")
  }

  @Test func `may have no newline at its end`() throws {
    let place = try machinePlace(commandLine: "quiet")
    try write(Array("quiet".utf8), to: place / "proc/cmdline")

    try dtfix("--for-kexec", "--root", place.folder.path, "-o", place / "next.dtb")

    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == "quiet")
  }

  @Test func `keeps bytes that are no text`() throws {
    let place = try machinePlace(commandLine: "")
    let line: [UInt8] = Array("name=".utf8) + [0xe9, 0x74, 0xe9] + Array(" quiet".utf8)
    try write(line + [0x0a], to: place / "proc/cmdline")

    try dtfix("--for-kexec", "--root", place.folder.path, "-o", place / "next.dtb")

    #expect(
      try fdtget(place / "next.dtb", "/chosen", "bootargs", as: "bx")
        == "6e 61 6d 65 3d e9 74 e9 20 71 75 69 65 74 0")
  }

  @Test(arguments: ["a\0b", String(repeating: "x", count: 2048)])
  func `is named by its file when it cannot be`(text: String) throws {
    let place = try machinePlace(commandLine: text)

    let result = try dtfix("--for-kexec", "--root", place.folder.path)

    #expect(result.status != 0)
    #expect(result.errors.hasPrefix("dtfix: \(place / "proc/cmdline"): "))
  }

  @Test func `is missed when the machine has none`() throws {
    let place = try machinePlace(commandLine: "quiet")
    try run("rm", [place / "proc/cmdline"])

    let reused = try dtfix("--for-kexec", "--root", place.folder.path)
    let given = try dtfix("--for-kexec", "--root", place.folder.path, "--command-line", "a")

    expectRefusal(reused, 66, place / "proc/cmdline")
    #expect(given.status == 0)
  }
}

/// A machine with the board's tree and a command line.
private func machinePlace(commandLine: String) throws -> Workplace {
  let place = try Workplace()
  try run("mkdir", ["-p", place / "sys/firmware", place / "proc"])
  try run("cp", [place.board, place / "sys/firmware/fdt"])
  try write(Array((commandLine + "\n").utf8), to: place / "proc/cmdline")
  return place
}
