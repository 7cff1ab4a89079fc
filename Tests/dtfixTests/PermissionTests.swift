// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct `Without permission` {
  @Test(arguments: [["--for-kexec", "--root"], ["show", "--root"]])
  func `the machine's tree is refused with what is needed`(command: [String]) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try setMode(0, of: place / "machine/sys/firmware/fdt")

    let result = try unprivileged(command + [place / "machine"])

    expectRefusal(result, 77, place / "machine/sys/firmware/fdt", "permission denied")
    #expect(result.errors.contains("CAP_DAC_READ_SEARCH"))
  }

  @Test(arguments: ["proc/iomem", "proc/cmdline", "proc/kcore"])
  func `a file of the machine is refused by its name`(file: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try setMode(0, of: place / "machine/\(file)")

    let result = try unprivileged(["--for-kexec", "--root", place / "machine"])

    expectRefusal(result, 77, place / "machine/\(file): permission denied")
  }

  @Test(arguments: [
    ["--for-kexec", "-i", "closed.dtb"], ["show", "closed.dtb"],
    ["diff", "closed.dtb", "board.dtb"], ["diff", "board.dtb", "closed.dtb"],
    ["--for-kexec", "-i", "board.dtb", "--overlay", "closed.dtb"],
  ])
  func `a tree is refused by its name`(command: [String]) throws {
    let place = try Workplace()
    try run("cp", [place.board, place / "closed.dtb"])
    try setMode(0, of: place / "closed.dtb")

    let result = try unprivileged(command, in: place.folder.path)

    expectRefusal(result, 77, "dtfix: closed.dtb: permission denied")
  }

  @Test func `a tree in a closed folder is refused by its name`() throws {
    let place = try Workplace()
    try run("mkdir", [place / "closed"])
    try run("cp", [place.board, place / "closed/board.dtb"])
    try setMode(0, of: place / "closed")
    defer { try? setMode(0o755, of: place / "closed") }

    let result = try unprivileged(["--for-kexec", "-i", place / "closed/board.dtb"])

    expectRefusal(result, 77, place / "closed/board.dtb")
  }

  @Test func `nothing is written to a folder that may only be read`() throws {
    let place = try Workplace()
    try setMode(0o555, of: place.folder.path)
    defer { try? setMode(0o755, of: place.folder.path) }

    let result = try unprivileged(["--for-kexec", "-i", place.board, "-o", place / "next.dtb"])

    expectRefusal(result, 73, place / "next.dtb", "Permission denied")
    #expect(try place.names() == ["board.dtb"])
  }
}

private func setMode(_ mode: Int, of path: String) throws {
  try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

/// Runs `dtfix` as a user without privileges: as nobody when root runs the tests, from a copy that
/// nobody can reach wherever the build is.
func unprivileged(_ arguments: [String], in folder: String? = nil) throws -> ToolResult {
  guard try run("id", ["-u"]).text == "0\n" else {
    return try run(dtfixPath, arguments, in: folder)
  }
  let copy = try TemporaryFolder()
  try run("cp", [dtfixPath, copy / "dtfix"])
  try setMode(0o755, of: copy.path)
  let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", copy / "dtfix"]
  return try run("setpriv", nobody + arguments, in: folder)
}
