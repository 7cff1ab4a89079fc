// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// A board's tree as its sources have it, and the captured machine made into one of that board: with a
/// serial number, a MAC address, firmware's memory and an initrd of its own.
private struct MergePlace {
  let place: Workplace
  let root: String
  var board: String { place.board }
  var machineTree: String { root + "/sys/firmware/fdt" }

  init(board body: String = Self.board, machine: String = Self.machine) throws {
    place = try Workplace(blob: Fixtures.compile(Self.source(body)))
    root = place / "machine"
    try run("cp", ["-r", capturedMachine, root])
    try write(
      Fixtures.compile(Self.source(machine, reservations: Self.reservations)),
      to: root + "/sys/firmware/fdt")
  }

  @discardableResult
  func fix(_ arguments: String...) throws -> ToolResult {
    try fix(arguments)
  }

  @discardableResult
  func fix(_ arguments: [String]) throws -> ToolResult {
    try dtfix(["--for-kexec", "--root", root, "--merge-dtb", board] + arguments)
  }

  static let board = """
    memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0>; };
    ethernet@9000000 { local-mac-address = [00 00 00 00 00 00]; };
    """
  static let machine = """
    serial-number = "0123456789";
    chosen {
      kaslr-seed = <0x11223344 0x55667788>;
      linux,initrd-start = <0 0x48000000>; linux,initrd-end = <0 0x481f9bb8>;
    };
    reserved-memory {
      #address-cells = <2>; #size-cells = <2>; ranges;
      secure@70000000 { reg = <0 0x70000000 0 0x100000>; no-map; };
    };
    memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x60000000>; };
    ethernet@9000000 { local-mac-address = [02 00 00 12 34 56]; };
    """
  static let reservations =
    "/memreserve/ 0x48000000 0x1f9bb8; /memreserve/ 0x7ff00000 0x8000;"

  static func source(_ body: String, reservations: String = "") -> String {
    """
    /dts-v1/; \(reservations)
    / {
      #address-cells = <2>; #size-cells = <2>; compatible = "example,board"; model = "Board";
      \(body)
      cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 {
        device_type = "cpu"; reg = <0>; compatible = "arm,cortex-a57"; }; };
    };
    """
  }
}

@Suite struct `Merging a board's tree` {
  @Test func `makes the machine's tree for the next kernel of it`() throws {
    let place = try MergePlace()

    let result = try place.fix("--append", "debug", "-o", place.place / "next.dtb")

    let next = place.place / "next.dtb"
    expectSilence(result)
    #expect(try fdtget(next, "/memory@40000000", "reg", as: "x") == "0 40000000 0 60000000")
    #expect(
      try fdtget(next, "/reserved-memory/secure@70000000", "reg", as: "x") == "0 70000000 0 100000")
    #expect(try reservations(of: next) == ["0x000000007ff00000 0x0000000000008000"])
    #expect(try fdtget(next, "/", "serial-number") == "0123456789")
    #expect(
      try fdtget(next, "/ethernet@9000000", "local-mac-address", as: "bx") == "2 0 0 12 34 56")
    #expect(try fdtget(next, "/chosen", "linux,initrd-start", as: "x") == nil)
    // The command line is the running kernel's, as the machine is meant.
    let running = try String(contentsOfFile: place.root + "/proc/cmdline", encoding: .utf8)
    #expect(
      try fdtget(next, "/chosen", "bootargs")
        == running.trimmingCharacters(in: .whitespacesAndNewlines) + " debug")
  }

  @Test func `is explained first, without seeds`() throws {
    let place = try MergePlace()

    let result = try place.fix(
      "--explain", "--set", "/:x=y", "-o", "/dev/null")

    let lines = result.errors.split(separator: "\n").map(String.init)
    try #require(result.status == 0 && lines.count > 10, "\(result.errors)")
    #expect(lines[0].hasPrefix("read \(place.board): "))
    #expect(lines[1].hasPrefix("merge \(place.machineTree): "))
    let begins = [
      "replaced /memory@40000000: reg <0x0 0x40000000 0x0 0x0> -> ", "added /reserved-memory: ",
      "added /reserved-memory/secure@70000000 0x70000000-0x700fffff: ",
      "omitted reservation 0x48000000-0x481f9bb7: was the last initrd's",
      "added reservation 0x7ff00000",
      "added /: serial-number \"0123456789\": ", "replaced /ethernet@9000000: local-mac-address ",
    ]
    for (line, begin) in zip(lines.dropFirst(2), begins) { #expect(line.hasPrefix(begin)) }
    #expect(lines.dropFirst(9).first?.contains("requested") == true, "\(lines)")
    #expect(!result.errors.contains("1122") && !result.errors.contains("5566"))
  }

  @Test func `is reported as JSON`() throws {
    let place = try MergePlace()

    let result = try place.fix("--json")

    #expect(try python("json['source']['file']", on: result) == place.board)
    #expect(try python("json['merged']['file']", on: result) == place.machineTree)
    #expect(try python("json['changes'][0]['node']", on: result) == "/memory@40000000")
    #expect(
      try python(
        "[c['from']['start'] for c in json['changes'] if c['action'] == 'omitted']", on: result)
        == "['0x48000000']")
    #expect(!result.text.contains("1122"))
  }

  @Test func `comes before the caller's edits`() throws {
    let place = try MergePlace()

    let result = try place.fix(
      "--delete", "/:serial-number", "--unreserve", "0x7ff00000+0x8000", "-o",
      place.place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place.place / "next.dtb", "/", "serial-number") == nil)
    #expect(try reservations(of: place.place / "next.dtb") == [])
  }

  @Test func `reads standard input too`() throws {
    let place = try MergePlace()

    let result = try dtfix(
      ["--for-kexec", "--root", place.root, "--merge-dtb", "-", "-o", place.place / "next.dtb"],
      input: contents(of: place.board))

    expectSilence(result)
    #expect(try fdtget(place.place / "next.dtb", "/", "serial-number") == "0123456789")
  }

  @Test func `of its own result changes nothing but seeds`() throws {
    let place = try MergePlace()
    let (first, second) = (place.place / "first.dtb", place.place / "second.dtb")

    try place.fix(GivenSeeds.options + ["-o", first])
    try dtfix(
      ["--for-kexec", "--root", place.root, "--merge-dtb", first, "-o", second] + GivenSeeds.options
    )

    #expect(try contents(of: first).count > 100)
    #expect(try contents(of: first) == contents(of: second))
  }

  @Test func `is done for a crash kernel`() throws {
    let place = try MergePlace()

    let result = try dtfix(
      [
        "--for-crash", "--root", place.root, "--merge-dtb", place.board, "--elfcorehdr-at",
        "0x9d3f0000+0x1000", "-o", place.place / "crash.dtb",
      ])

    expectSilence(result)
    #expect(try fdtget(place.place / "crash.dtb", "/", "serial-number") == "0123456789")
    #expect(
      try fdtget(place.place / "crash.dtb", "/chosen", "linux,elfcorehdr", as: "x")
        == "0 9d3f0000 0 1000")
  }

  @Test(arguments: ["--for-kexec", "--for-crash"])
  func `is done for a plan`(job: String) throws {
    let place = try MergePlace()
    let kernel = place.place / "Image"
    try write(KernelBuilder.arm64Image(size: 30_000, imageSize: 0x2_0000), to: kernel)

    let result = try dtfix(
      [
        "plan", job, "--root", place.root, "--merge-dtb", place.board, "--kernel", kernel, "-o",
        place.place / "next.plan",
      ])

    let blob = place.place / "next.plan/dtb.bin"
    #expect(result.status == 0, "\(result.errors)")
    #expect(try fdtget(blob, "/", "serial-number") == "0123456789")
    #expect(
      try fdtget(blob, "/memory@40000000", "reg", as: "x") == "0 40000000 0 60000000")
    let json = try run("cat", [place.place / "next.plan/plan.json"])
    #expect(try python("json['changes'][0]['property']", on: json) == "reg")
    #expect(try dtfix("check", "--root", place.root, place.place / "next.plan").status == 0)
  }
}

@Suite struct `A merge that cannot be` {
  @Test func `names both trees and what to do`() throws {
    let place = try MergePlace(
      board: "memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x1000>; };")

    let result = try place.fix("-o", place.place / "next.dtb")

    expectRefusal(
      result, 65,
      "\(place.board): /memory@40000000: 'reg' is 0x40000000-0x40000fff here and "
        + "0x40000000-0x9fffffff in \(place.machineTree)")
    #expect(result.errors.contains("\ntake the node out of the file"))
    #expect(try place.place.names().sorted() == ["board.dtb", "machine"])
  }

  @Test func `names both trees in a plan too`() throws {
    let place = try MergePlace(board: "serial-number = \"other\";")
    let kernel = place.place / "Image"
    try write(KernelBuilder.arm64Image(size: 30_000, imageSize: 0x2_0000), to: kernel)

    let result = try dtfix(
      ["plan", "--for-kexec", "--root", place.root, "--merge-dtb", place.board, "--kernel", kernel])

    expectRefusal(
      result, 65, "\(place.board): /: 'serial-number' is \"other\" here and \"0123456789\" in ",
      place.machineTree)
  }

  @Test func `says that a machine with ACPI has nothing to merge`() throws {
    let place = try MergePlace()

    let result = try dtfix(
      "--for-kexec", "--root", Fixtures.machine("arm64-virt-uefi-acpi-6.12"), "--merge-dtb",
      place.board)

    expectRefusal(result, 69, "sys/firmware/fdt: describes no hardware", "ACPI", "dt_is_stub")
  }

  @Test func `says which tree is malformed`() throws {
    let place = try MergePlace()
    try write(
      Fixtures.compile("/dts-v1/; / { #address-cells = <3>; soc { }; };"), to: place.machineTree)

    let machine = try place.fix()
    try write(Array("no tree".utf8), to: place.board)
    let board = try place.fix()

    expectRefusal(machine, 65, "\(place.machineTree): /: property '#address-cells'")
    expectRefusal(board, 65, place.board)
  }

  /// An error of the file is not blamed on edits that came with it.
  @Test func `names the file at fault, whatever else was requested`() throws {
    let place = try MergePlace(board: "reserved-memory { a { reg = <1>; }; };")

    let result = try place.fix("--set", "/:x=y")

    expectRefusal(result, 65, "\(place.board): /reserved-memory")
  }

  @Test func `says when the machine has no tree, or the file is missing`() throws {
    let place = try MergePlace()
    let missing = try dtfix("--for-kexec", "--root", place.root, "--merge-dtb", "/nowhere")
    try FileManager.default.removeItem(atPath: place.machineTree)
    let treeless = try place.fix()

    expectRefusal(missing, 66, "/nowhere")
    expectRefusal(treeless, 69, place.machineTree, "no such file")
  }

  @Test func `excludes a tree as it is`() throws {
    let place = try MergePlace()

    let result = try place.fix("-i", place.board)

    expectUsageError(result, "--merge-dtb")
  }

  @Test func `never writes over either tree`() throws {
    let place = try MergePlace()
    let (board, machine) = (try contents(of: place.board), try contents(of: place.machineTree))

    for input in [place.board, place.machineTree] {
      expectRefusal(try place.fix("-o", input), 64, input, "is also an input")
    }

    #expect(try contents(of: place.board) == board)
    #expect(try contents(of: place.machineTree) == machine)
  }
}

@Suite struct `A tree of another board` {
  @Test func `is always warned of`() throws {
    let place = try MergePlace()
    let other = MergePlace.source(MergePlace.board)
      .replacing("example,board", with: "example,other")
    try write(Fixtures.compile(other), to: place.board)

    let silent = try place.fix("-o", place.place / "a.dtb")
    let explained = try place.fix("--explain", "-o", place.place / "b.dtb")

    #expect(silent.status == 0)
    #expect(
      silent.errors.hasPrefix("warning: /: this tree is of another board: it is \"example,other\""))
    #expect(silent.errors.split(separator: "\n").count == 1)
    #expect(explained.errors.contains("\nwarning: /: this tree is of another board"))
  }
}
