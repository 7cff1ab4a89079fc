// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The files of a machine that a command opens, as strace sees it: how often each. Folders may be listed
/// again: a live tree is read until it is stable.
private func openedFiles(
  of machine: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
) throws -> [String: Int] {
  let folder = try TemporaryFolder()
  let log = folder / "log"
  let result = try run(
    "strace", ["-f", "-y", "-qq", "-e", "trace=openat", "-o", log, dtfixPath] + arguments)
  #expect(result.status == 0, "\(result.errors)", sourceLocation: sourceLocation)
  return try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n").reduce(into: [:]) {
    files, line in
    // 123 openat(3</folder>, "name", O_RDONLY) = 4</folder/name>
    guard !line.contains("O_DIRECTORY"), line.contains("openat("),
      let opened = line.split(
        separator: "<"
      ).last, line.hasSuffix(">"), opened.hasPrefix(machine + "/")
    else { return }
    files[String(opened.dropFirst(machine.count + 1).dropLast()), default: 0] += 1
  }
}

@Suite struct `A command reads each file of a machine once` {
  @Test(arguments: ["arm64-virt-6.12-kf", "pseries-7.2-kf", "riscv64-virt-7.2-kf"])
  func `for a tree`(name: String) throws {
    try expectOnce(name, ["--for-kexec", "-o", "/dev/null"], "proc/iomem")
  }

  @Test func `for a merged tree`() throws {
    let place = try TemporaryFolder()
    let board = try copyOfTree(of: "arm64-virt-6.12-kf", in: place)
    try expectOnce(
      "arm64-virt-6.12-kf", ["--for-kexec", "--merge-dtb", board, "-o", "/dev/null"],
      "sys/firmware/fdt")
  }

  @Test(arguments: ["arm64-virt-6.12-kf", "riscv64-virt-7.2-kf", "x86_64-q35-6.1"])
  func `for a core header`(name: String) throws {
    try expectOnce(name, ["elfcorehdr", "-o", "/dev/null"], "proc/kcore")
  }

  @Test(arguments: ["arm64-virt-6.12-kf", "pseries-7.2-kf"])
  func `for a check`(name: String) throws {
    let place = try TemporaryFolder()
    try dtfix(["--for-kexec", "--root", Fixtures.machine(name), "-o", place / "next.dtb"])
    try expectOnce(name, ["check", "--for-kexec", place / "next.dtb"], "proc/kcore")
  }

  @Test(arguments: [["--for-kexec"], ["--for-crash"], ["--for-crash", "--from", "live"]])
  func `for a plan`(options: [String]) throws {
    let place = try Workplace()
    try write(KernelBuilder.arm64Image(), to: place / "kernel")
    try expectOnce(
      "arm64-virt-6.12-kf", ["plan", "--kernel", place / "kernel"] + options, "proc/kcore")
  }

  @Test func `for a plan with a board's tree`() throws {
    let place = try TemporaryFolder()
    let board = try copyOfTree(of: "arm64-virt-6.12-kf", in: place)
    try write(KernelBuilder.arm64Image(), to: place / "kernel")
    try expectOnce(
      "arm64-virt-6.12-kf",
      ["plan", "--for-crash", "--kernel", place / "kernel", "--merge-dtb", board], "proc/kcore")
  }

  @Test func `for a picture`() throws {
    try expectOnce("pseries-7.2-kf", ["map"], "proc/iomem")
  }

  /// A machine's tree as a board's, which is not read where the machine's is.
  private func copyOfTree(of name: String, in place: TemporaryFolder) throws -> String {
    let board = place / "board.dtb"
    try write(contents(of: Fixtures.machine(name) + "/sys/firmware/fdt"), to: board)
    return board
  }

  private func expectOnce(
    _ name: String, _ arguments: [String], _ needed: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let machine = try Fixtures.machine(name)
    let files = try openedFiles(
      of: machine, arguments + ["--root", machine], sourceLocation: sourceLocation)
    #expect(files[needed] == 1, "\(files)", sourceLocation: sourceLocation)
    #expect(files.filter { $0.value > 1 } == [:], sourceLocation: sourceLocation)
  }
}
