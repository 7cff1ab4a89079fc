// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Setting a property` {
  @Test(arguments: [
    ("text", "74 65 78 74 0"), ("a b, c", "61 20 62 2c 20 63 0"), (#""q""#, "71 0"),
    (#""q", "r""#, "71 0 72 0"), (#""\"\\\n\t""#, "22 5c a 9 0"), (#""""#, "0"),
    ("<0x1 2>", "0 0 0 1 0 0 0 2"), ("<1,2>", "0 0 0 1 0 0 0 2"),
    ("<0xffffffff>", "ff ff ff ff"), ("< 0xDEADBEEF >", "de ad be ef"), ("[c0 de]", "c0 de"),
    ("[c0de 01]", "c0 de 1"), ("", ""), ("<>", ""), ("[]", ""), ("0x10", "30 78 31 30 0"),
    ("a=b:c", "61 3d 62 3a 63 0"),
  ])
  func `takes a value in any form of the source language`(text: String, bytes: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--set", "/chosen:test=\(text)", "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/chosen", "test", as: "bx") == bytes)
  }

  @Test(arguments: [
    "<", "<1", "<0x>", "<0x100000000>", "<-1>", "<1 b>", "<&label>", "<1.5>", "[", "[c", "[c]",
    "[zz]", "[0x1]", "\"", "\"a", "\"a\" b", "\"a\", ", #""\q""#, "<1>, <2>",
  ])
  func `takes nothing else for one`(text: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--set", "/chosen:test=\(text)", "-o", place / "next.dtb")

    expectUsageError(result, "--set")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test(arguments: ["<+1>", "<0x+1>", "[\u{ff11}1]"])
  func `takes digits alone for a number`(text: String) throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--set", "/chosen:test=\(text)")

    expectUsageError(result, "--set")
  }

  @Test func `without a value makes an empty one`() throws {
    let place = try Workplace()

    try dtfix(
      "--for-kexec", "-i", place.board, "--set", "/chosen:test", "-o", place / "next.dtb")

    #expect(try fdtget(place / "next.dtb", "/chosen", "test") == "")
  }

  @Test(arguments: ["", "/chosen", "/chosen:", "/chosen:=x", "test=x", ":test=x"])
  func `needs a node and a name`(argument: String) throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--set", argument)

    expectUsageError(result, "--set")
  }

  @Test(arguments: ["/cpus/cpu@0", "/cpus/cpu", "//cpus//cpu@0"])
  func `finds its node by any path`(path: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--set", "\(path):test=x", "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/cpus/cpu@0", "test") == "x")
  }

  @Test func `finds its node by an alias`() throws {
    let place = try Workplace()
    let path = try #require(try fdtget(place.board, "/aliases", "serial0"))

    try dtfix("--for-kexec", "-i", place.board, "--set", "serial0:t=x", "-o", place / "next.dtb")

    #expect(try fdtget(place / "next.dtb", path, "t") == "x")
  }

  @Test(arguments: ["/nowhere", "/chosen/nowhere", "nowhere", "chosen"])
  func `of no node is refused`(path: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--set", "\(path):a=b", "-o", place / "next.dtb")

    expectRefusal(result, 64, place.board, "--set \(path):a: ")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test func `is done in order, before the hand-over`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--set", "/chosen:test=one", "--set", "/chosen:test=two",
      "--set", "/chosen:bootargs=own", "--append", "more", "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/chosen", "test") == "two")
    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == "own more")
  }

  @Test(arguments: [
    ("bootargs=own", "--command-line"), ("kaslr-seed=<0x1 0x2>", "--kaslr-seed"),
    ("rng-seed=[01]", "--rng-seed"), ("linux,initrd-start=<0x1>", "--initrd-at"),
  ])
  func `that the hand-over would undo is refused`(setting: String, option: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--set", "/chosen:linux,initrd-end=<0x2>", "--set",
      "/chosen:\(setting)", "--command-line", "given", "-o", place / "next.dtb")

    expectRefusal(result, 64, "/chosen: property '", "would be lost")
    #expect(result.errors.contains(setting.hasPrefix("linux") ? "--initrd-at" : "use --"))
    #expect(try place.names() == ["board.dtb"])
  }

  @Test(arguments: ["linux,initrd-start", "linux,initrd-end"])
  func `is what half an old initrd is answered with, and it works`(missing: String) throws {
    let place = try Workplace("qemu-arm64-virt")
    try run("fdtput", ["-d", place.board, "/chosen", missing])
    let refused = try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")
    guard missing == "linux,initrd-end" else { return expectSilence(refused) }
    let advice = try #require(refused.errors.split(separator: "\n").last).split(separator: " ")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, String(advice[0]), String(advice[1]), "-o",
      place / "next.dtb")

    #expect(refused.status == 65)
    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,initrd-start") == nil)
  }

  @Test func `that leaves nothing but chosen is refused`() throws {
    let place = try Workplace()
    let nodes = try run("fdtget", ["-l", place.board, "/"]).text.split(separator: "\n")

    let result = try dtfix(
      ["--for-kexec", "-i", place.board, "-o", place / "next.dtb", "--arch", "arm64"]
        + nodes.filter { $0 != "chosen" }.flatMap { ["--delete", "/\($0)"] })

    expectRefusal(result, 64, place.board, "the kernel uses ACPI")
  }

  @Test func `may take a reservation away`() throws {
    let place = try Workplace()
    let known = try #require(try reservations(of: place.board).last)
    let numbers = known.split(separator: " ")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--unreserve", "\(numbers[0])+\(numbers[1])", "-o",
      place / "next.dtb")
    let again = try dtfix(
      "--for-kexec", "-i", place / "next.dtb", "--unreserve", "\(numbers[0])+\(numbers[1])", "-o",
      place / "none.dtb")

    expectSilence(result)
    #expect(try !reservations(of: place / "next.dtb").contains(known))
    expectRefusal(again, 64, place / "next.dtb", "--unreserve ")
  }

  @Test func `of the command line is refused when the machine's is used`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "--root", capturedMachine, "--set", "/chosen:bootargs=own", "-o",
      place / "next.dtb")

    expectRefusal(result, 64, "/chosen: property 'bootargs'", "would be lost")
    #expect(result.errors.contains("use --command-line"))
  }

  @Test(arguments: ["/:#address-cells=<3>", "/:#size-cells=<0>", "/:#address-cells=[01]"])
  func `cannot make a tree that no kernel reads`(setting: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--set", setting, "-o", place / "next.dtb")

    expectRefusal(result, 64, place.board, "-cells")
    #expect(result.errors.contains("\nit is fine without the requested edits"))
    #expect(try place.names() == ["board.dtb"])
  }
}

@Suite struct `Deleting` {
  @Test func `a property leaves its node`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--delete", "/:model", "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/", "model") == nil)
    #expect(try fdtget(place / "next.dtb", "/", "compatible") != nil)
  }

  @Test func `a node takes all below it`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--arch", "arm64", "--delete", "/cpus", "-o",
      place / "next.dtb")

    expectSilence(result)
    #expect(try run("fdtget", ["-l", place.board, "/cpus"]).status == 0)
    #expect(try run("fdtget", ["-l", place / "next.dtb", "/cpus"]).status != 0)
  }

  @Test func `is done after setting`() throws {
    let place = try Workplace()

    try dtfix(
      "--for-kexec", "-i", place.board, "--delete", "/chosen:test", "--delete", "/:model", "--set",
      "/chosen:test=x", "-o", place / "next.dtb")

    #expect(try fdtget(place / "next.dtb", "/chosen", "test") == nil)
    #expect(try fdtget(place / "next.dtb", "/", "model") == nil)
  }

  @Test func `/chosen makes a new one for the hand-over`() throws {
    let place = try Workplace()

    try dtfix(
      "--for-kexec", "-i", place.board, "--delete", "/chosen", "--command-line", "a", "-o",
      place / "next.dtb")

    #expect(try fdtget(place.board, "/chosen", "stdout-path") != nil)
    #expect(try fdtget(place / "next.dtb", "/chosen", "stdout-path") == nil)
    #expect(try fdtget(place / "next.dtb", "/chosen", "bootargs") == "a")
  }

  @Test(arguments: ["/nowhere", "/chosen:nowhere", "/nowhere:a", "nowhere", "/", "/:nowhere"])
  func `what is not there, or the root, is refused`(path: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--delete", path, "-o", place / "next.dtb")

    expectRefusal(result, 64, place.board, "--delete \(path): ")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test func `needs a name after a colon`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--delete", "/chosen:")

    expectUsageError(result, "--delete")
  }
}
