// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `An output that cannot be` {
  @Test(arguments: [
    ("/dev/full", 74, "No space left on device"), ("missing/next.dtb", 73, "No such file"),
    (".", 73, "Is a directory"), ("folder", 73, "Is a directory"),
    ("folder/", 73, "Is a directory"), ("link-to-folder", 73, "Is a directory"),
    ("file/next.dtb", 73, "Not a directory"), ("new/", 73, "cannot be created"),
  ])
  func `is refused in one line`(path: String, status: Int32, reason: String) throws {
    let place = try Workplace()
    try shell(
      #"cd "$1"; mkdir folder; ln -s folder link-to-folder; echo old >file"#, place.folder.path)
    let before = try place.files()

    let result = try run(
      dtfixPath, ["--for-kexec", "-i", "board.dtb", "-o", path], in: place.folder.path)

    expectRefusal(result, status, "dtfix: \(path): ", reason)
    #expect(try place.files() == before)
  }

  @Test(arguments: [
    [], ["--json"], ["--explain", "-o", "-"], ["-o", "/dev/stdout"],
  ])
  func `is refused as standard output`(arguments: [String]) throws {
    let place = try Workplace()
    let before = try place.files()

    let result = try run(
      dtfixPath, ["--for-kexec", "-i", place.board] + arguments, output: "/dev/full")

    let line = result.errors.split(separator: "\n").last ?? ""
    #expect(result.status == 74)
    #expect(line.hasPrefix("dtfix: "))
    #expect(line.contains("No space left on device"))
    #expect(try place.files() == before)
  }

  @Test(arguments: [
    ["show", "board.dtb"], ["show", "--json", "board.dtb"], ["diff", "board.dtb", "other.dtb"],
    ["diff", "--json", "board.dtb", "board.dtb"],
  ])
  func `is refused as standard output of every command`(arguments: [String]) throws {
    let place = try Workplace()
    try dtfix("--for-kexec", "-i", place.board, "-o", place / "other.dtb")

    let result = try run(dtfixPath, arguments, output: "/dev/full", in: place.folder.path)

    expectRefusal(result, 74, "standard output", "No space left on device")
  }

  @Test(arguments: [#""$dtfix" --for-kexec -i "$1" >&-"#, #""$dtfix" show "$1" >&-"#])
  func `is refused when it is closed`(script: String) throws {
    let place = try Workplace()

    let result = try shell(script, place.board)

    expectRefusal(result, 74, "standard output")
  }
}

@Suite struct `The input` {
  @Test(arguments: [
    "board.dtb", "./board.dtb", "hard.dtb", "soft.dtb", "chain.dtb", "folder/../board.dtb",
    "linked/board.dtb",
  ])
  func `is never the output too`(name: String) throws {
    let place = try linkedPlace()
    let before = try place.files()

    let result = try run(
      dtfixPath, ["--for-kexec", "-i", "board.dtb", "-o", name], in: place.folder.path)

    expectRefusal(result, 64, "dtfix: \(name): ", "input")
    #expect(try place.files() == before)
  }

  @Test(arguments: ["hard.dtb", "soft.dtb", "linked/board.dtb"])
  func `may be named by a link, and is not the output either`(name: String) throws {
    let place = try linkedPlace()
    let before = try place.files()

    let result = try run(
      dtfixPath, ["--for-kexec", "-i", name, "-o", "board.dtb"], in: place.folder.path)

    expectRefusal(result, 64, "dtfix: board.dtb: ", "input")
    #expect(try place.files() == before)
  }

  @Test func `is untouched when only JSON is requested`() throws {
    let place = try linkedPlace()
    let before = try place.files()

    let result = try dtfix("--for-kexec", "-i", place.board, "--json")

    #expect(result.status == 0)
    #expect(try place.files() == before)
  }

  @Test(arguments: ["sys/firmware/fdt", "link"])
  func `of the machine is never the output too`(name: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("ln", ["-s", "sys/firmware/fdt", place / "machine/link"])
    let before = try place.files()

    let result = try dtfix(
      "--for-kexec", "--root", place / "machine", "-o", place / "machine/\(name)")

    expectRefusal(result, 64, place / "machine/\(name)", "input")
    #expect(try place.files() == before)
  }

  @Test func `of an overlay is never the output too`() throws {
    let place = try Workplace()
    let overlay = try place.compile(
      "/dts-v1/; /plugin/; &{/} { test; };", "-@", to: "on.dtbo")
    let before = try place.files()

    let result = try dtfix("--for-kexec", "-i", place.board, "--overlay", overlay, "-o", overlay)

    expectRefusal(result, 64, overlay, "input")
    #expect(try place.files() == before)
  }

  /// A tree, reached in many ways.
  private func linkedPlace() throws -> Workplace {
    let place = try Workplace()
    try shell(
      """
      cd "$1"; ln board.dtb hard.dtb; ln -s board.dtb soft.dtb; ln -s soft.dtb chain.dtb
      mkdir folder; ln -s . linked
      """, place.folder.path)
    return place
  }
}
