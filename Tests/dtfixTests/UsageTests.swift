// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Wrong usage` {
  @Test(arguments: [
    [], ["fix"], ["--for-crash"], ["nonsense"], ["--for-kexec", "--nonsense"],
    ["--for-kexec", "nonsense"], ["--for-kexec", "-x"], ["--for-kexec", "-o"],
    ["--for-kexec", "-i"], ["--for-kexec", "--root"], ["--for-kexec", "--for-kexec=yes"],
    ["show", "--for-kexec"], ["show", "a", "b"], ["show", "--root"], ["diff"], ["diff", "a"],
    ["--for-kexec", "--root", ""], ["show", "--root", ""], ["show", "--root", "/", "a"],
    ["diff", "a", "b", "c"], ["diff", "--root", "/", "a", "b"], ["show", "--nonsense"],
  ])
  func `ends with 64 and a line`(arguments: [String]) throws {
    let result = try dtfix(arguments)

    expectUsageError(result)
  }

  @Test(arguments: [
    (["--for-kexec", "--nonsense"], "--nonsense"), (["--for-kexec", "nonsense"], "nonsense"),
    (["diff", "a"], "second"), (["show", "a", "b"], "'b'"), ([], "--for-kexec"),
  ])
  func `is named`(arguments: [String], what: String) throws {
    let result = try dtfix(arguments)

    expectUsageError(result, what)
  }

  @Test func `is noticed before anything is read or written`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", "/nowhere", "-o", place / "next.dtb", "--nonsense")

    expectUsageError(result)
    #expect(try place.names() == ["board.dtb"])
  }
}

@Suite struct `A machine that is not there` {
  @Test func `is missing input when its folder is`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "--root", place / "nowhere")

    expectRefusal(result, 66, place / "nowhere/sys/firmware/fdt", "no such file")
  }

  @Test(arguments: [["--for-kexec"], ["show"]])
  func `offers no tree`(command: [String]) throws {
    let place = try Workplace()

    let result = try dtfix(command + ["--root", place.folder.path])

    expectRefusal(result, 69, place / "sys/firmware/fdt", "no such file")
    #expect(result.errors.contains("\nthis machine was booted without a device tree"))
  }

  @Test(arguments: [
    ("proc/iomem", "40000000-9fffffff : System RAM\njunk\n", "line 2: "),
    ("proc/iomem", "junk\n", "line 1: "),
    ("proc/kcore", "junk", "offset 0x0: "),
    ("proc/kcore", "", "offset 0x0: "),
    ("sys/firmware/fdt", "junk", "offset 0x0: "),
  ])
  func `in whole is refused by the bad file`(file: String, text: String, place: String) throws {
    let folder = try Workplace()
    try run("cp", ["-r", capturedMachine, folder / "machine"])
    try write(Array(text.utf8), to: folder / "machine/\(file)")

    let result = try dtfix("--for-kexec", "--root", folder / "machine", "-o", folder / "next.dtb")

    expectRefusal(result, 65, "dtfix: \(folder / "machine/\(file)"): \(place)")
    #expect(try folder.names() == ["board.dtb", "machine"])
  }
}
