// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Foundation
import TestSupport
import Testing

/// A captured machine, and a kernel that it could start.
struct CaptureCase: CustomTestStringConvertible {
  let name: String
  let kernel: [UInt8]?
  var testDescription: String { name }

  static let all =
    machinesWithTrees.map {
      Self(
        name: $0,
        kernel: $0.hasPrefix("arm64") ? KernelBuilder.arm64Image() : KernelBuilder.riscvImage())
    }
    + ["pseries-6.12", "pseries-7.2-kf"].map {
      Self(name: $0, kernel: KernelBuilder.ppc64Kernel(size: 30_000, memorySize: 0x2_0000))
    }
    + [
      "x86_64-q35-6.1", "x86_64-q35-6g-high-6.1", "x86_64-q35-la57-6.12", "x86_64-q35-hotplug-6.12",
    ].map { Self(name: $0, kernel: nil) }
}

@Suite struct `From a capture` {
  @Test(arguments: CaptureCase.all)
  func `everything is made as from the machine, byte by byte`(machine: CaptureCase) throws {
    let root = try Fixtures.machine(machine.name)
    let place = try Workplace()
    try write(machine.kernel ?? [], to: place / "kernel")

    // A picture has the folder's name in it.
    let folder = place / "copies/\(machine.name)"
    try run("mkdir", [place / "copies"])
    try dtfix("capture", "--root", root, "-o", folder)
    let made = try [root, folder].map { try everything(of: $0, machine, in: place) }

    #expect(made[0].map(\.status).contains(0))
    for (original, copy) in zip(made[0], made[1]) {
      #expect(copy.status == original.status)
      #expect(copy.output == original.output)
      #expect(
        copy.errors.replacing(folder, with: root).replacing("proc/device-tree", with: "TREE")
          == original.errors.replacing("proc/device-tree", with: "TREE"))
    }
  }

  /// What each command makes: its files, as an archive, after what it printed.
  private func everything(
    of root: String, _ machine: CaptureCase, in place: Workplace
  ) throws -> [Made] {
    let crash = ["--for-crash", "--initrd-at", "0+4096", "--elfcorehdr-at", "0+4096"]
    var runs = [
      ["elfcorehdr", "--explain", "-o", "made"], ["fix", "--for-kexec", "--explain", "-o", "made"],
      ["fix", "--explain", "-o", "made"] + crash, ["map"], ["show"], ["show", "--from", "live"],
    ]
    if machine.kernel != nil {
      runs += ["--for-kexec", "--for-crash"].map {
        ["plan", $0, "--kernel", "kernel", "--explain", "-o", "made"]
      }
    }
    return try runs.map { arguments in
      let seeds = ["plan", "fix"].contains(arguments[0]) ? GivenSeeds.options : []
      let result = try run(
        dtfixPath, arguments + ["--root", root] + seeds, in: place.folder.path)
      let files = try run(
        "bash", ["-c", "[ ! -e made ] || tar -c --mtime=@0 made; rm -rf made"],
        in: place.folder.path)
      return Made(
        status: result.status, output: result.output + files.output, errors: result.errors)
    }
  }

  private struct Made {
    let status: Int32
    let output: [UInt8]
    let errors: String
  }

  /// Where the kernel keeps /proc/kcore for itself, nothing else tells the page size.
  @Test func `without /proc/kcore a plan is the same`() throws {
    let place = try Workplace()
    let text = "dtfix-capture 1\ndtfix 0.1.0\narch aarch64\npage-size 4096\n"
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("rm", [place / "machine/proc/kcore"])
    try write(KernelBuilder.arm64Image(), to: place / "kernel")
    func plan(_ root: String, _ name: String, _ options: String...) throws -> ToolResult {
      try dtfix(
        ["plan", "--for-kexec", "--root", root, "--kernel", place / "kernel", "-o", place / name]
          + GivenSeeds.options + options)
    }

    let told = try plan(place / "machine", "told", "--page-size", "4096")
    try write(Array(text.utf8), to: place / "machine/capture")
    try dtfix("capture", "--root", place / "machine", "-o", place / "copy")
    let copied = try plan(place / "copy", "copied")

    expectSilence(told)
    expectSilence(copied)
    #expect(try run("diff", ["-r", place / "told", place / "copied"]).status == 0)
    #expect(
      try String(decoding: contents(of: place / "copy/capture"), as: UTF8.self).hasPrefix(text))
  }

  @Test func `whose file is malformed nothing is made`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try write(Array("dtfix-capture 1\ndtfix 1\npage-size 5\n".utf8), to: place / "machine/capture")

    for command in [["fix", "--for-kexec"], ["elfcorehdr"], ["capture"]] {
      let result = try dtfix(command + ["--root", place / "machine", "-o", place / "out"])

      expectRefusal(result, 65, place / "machine/capture: line 3")
    }
    #expect(try place.names() == ["board.dtb", "machine"])
  }
}

@Suite struct `A capture from the command line` {
  private let look = "note: review it before you share it"

  @Test func `is a folder or what tar makes of an archive, and its owner's alone`() throws {
    let place = try Workplace()

    let results = try ["copy", "copy.tar"].map {
      try dtfix("capture", "--root", capturedMachine, "-o", place / $0)
    }
    let piped = try dtfix("capture", "--root", capturedMachine, "-o", "-")
    try run("mkdir", [place / "unpacked"])
    try run("tar", ["-xf", place / "copy.tar", "-C", place / "unpacked"])

    #expect(results.map(\.status) == [0, 0] && piped.status == 0)
    #expect(results.allSatisfy { $0.output.isEmpty && $0.errors.contains(look) })
    #expect(try piped.output == contents(of: place / "copy.tar"))
    #expect(try run("diff", ["-r", place / "copy", place / "unpacked"]).status == 0)
    let modes = try run("find", [place / "copy", place / "copy.tar", "-printf", "%y%m\n"]).text
    #expect(Set(modes.split(separator: "\n")) == ["d700", "f600"])
    #expect(try place.names() == ["board.dtb", "copy", "copy.tar", "unpacked"])
  }

  @Test func `of a capture is the same`() throws {
    let place = try Workplace()
    try dtfix("capture", "--root", capturedMachine, "-o", place / "first")

    try dtfix("capture", "--root", place / "first", "-o", place / "second")

    #expect(try run("diff", ["-r", place / "first", place / "second"]).status == 0)
  }

  @Test func `of this machine works`() throws {
    let place = try Workplace()

    let result = try dtfix("capture", "-o", place / "this")

    #expect(result.status == 0, "\(result.errors)")
    let text = try String(decoding: contents(of: place / "this/capture"), as: UTF8.self)
    #expect(text.contains("\narch \(try run("uname", ["-m"]).text)"))
    #expect(text.contains("\npage-size \(try run("getconf", ["PAGESIZE"]).text)"))
    for file in ["proc/iomem", "proc/cmdline", "proc/version"] {
      #expect(try contents(of: place / "this/\(file)") == contents(of: "/" + file))
    }
  }

  /// The plan of a machine with seeds says that there were some; all else is the same.
  @Test func `has none of its machine's secrets`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("mkdir", ["-p", place / "machine/proc/device-tree/chosen"])
    for name in ["kaslr-seed", "rng-seed"] {
      try write(Array("sEcReT!!".utf8), to: place / "machine/proc/device-tree/chosen/\(name)")
      try run(
        "fdtput",
        ["-t", "x", place / "machine/sys/firmware/fdt", "/chosen", name, "73456352", "65542121"])
    }
    try write(KernelBuilder.arm64Image(), to: place / "kernel")

    let result = try dtfix("capture", "--root", place / "machine", "-o", place / "copy")
    for root in ["machine", "copy"] {
      try dtfix(
        ["plan", "--for-kexec", "--root", place / root, "--kernel", place / "kernel"]
          + GivenSeeds.options + ["-o", place / "plan-of-\(root)"])
    }

    #expect(
      try run("grep", ["-rl", "sEcReT", place / "machine"]).text.split(separator: "\n").count == 3)
    #expect(try run("grep", ["-r", "sEcReT\\|7345", place / "copy"]).status == 1)
    #expect(!result.errors.contains("7345") && result.errors.contains("5 secrets were zeroed"))
    let plans = [place / "plan-of-machine", place / "plan-of-copy"]
    #expect(try run("diff", ["-r", "-x", "plan.json"] + plans).text == "")
    #expect(try run("diff", plans.map { $0 + "/plan.json" }).text.contains("secret"))
  }

  /// The keys themselves are elsewhere; only by their place is the reservation known for what it is.
  @Test func `keeps the place of the keys of disks, so that their memory is given back`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    var tree = try DeviceTree(blob: contents(of: place / "machine/sys/firmware/fdt"))
    let keys = AddressAndSize(address: 0x5000_0000, size: 0x1234)
    try tree.setProperty(
      "linux,dmcryptkeys", of: "/chosen", to: .cells([0, 0x5000_0000, 0, 0x1234]))
    try tree.addReservation(keys)
    try write(tree.blob, to: place / "machine/sys/firmware/fdt")

    try dtfix("capture", "--root", place / "machine", "-o", place / "copy")
    for root in ["machine", "copy"] {
      try dtfix(
        ["--for-kexec", "--root", place / root] + GivenSeeds.options
          + ["-o", place / "next-of-\(root)"])
    }

    let next = try contents(of: place / "next-of-copy")
    #expect(try next == contents(of: place / "next-of-machine"))
    #expect(try !DeviceTree(blob: next).reservations.contains(keys))
  }

  @Test(arguments: ["full", "file"])
  func `is never written where something is`(name: String) throws {
    let place = try Workplace()
    try run("mkdir", ["-p", place / "full/x"])
    try write([1], to: place / "file")
    let before = try place.files()

    let result = try dtfix("capture", "--root", capturedMachine, "-o", place / name)

    expectRefusal(result, 73, place / name, "exists and is")
    #expect(try place.files() == before)
  }

  @Test func `may have the place of an empty folder, and of a link to one`() throws {
    let place = try Workplace()
    try run("mkdir", [place / "empty"])
    try run("ln", ["-s", "empty", place / "link"])

    let result = try dtfix("capture", "--root", capturedMachine, "-o", place / "link/")

    #expect(result.status == 0, "\(result.errors)")
    #expect(try contents(of: place / "empty/capture") == contents(of: place / "link/capture"))
    #expect(try run("find", [place.folder.path, "-name", ".dtfix*"]).text == "")
  }

  @Test(arguments: [("missing", 66), ("empty", 69)] as [(String, Int32)])
  func `of nothing is refused`(name: String, status: Int32) throws {
    let place = try Workplace()
    try run("mkdir", [place / "empty"])

    let result = try dtfix("capture", "--root", place / name, "-o", place / "copy")

    expectRefusal(result, status, place / name)
    #expect(try place.names() == ["board.dtb", "empty"])
  }

  @Test func `of what may not be read says what root would give`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("chmod", ["755", place.folder.path])
    try run("chmod", ["000", place / "machine/sys/firmware/fdt", place / "machine/proc/kcore"])

    let part = try unprivileged(["capture", "--root", place / "machine", "-o", "-"])
    try run("chmod", ["000", place / "machine/proc/iomem"])
    let none = try unprivileged(["capture", "--root", place / "machine", "-o", "-"])

    #expect(part.status == 0)
    #expect(part.errors.contains("note: proc/kcore: permission denied\n"))
    #expect(part.errors.contains("note: run as root to capture everything\n"))
    #expect(none.status == 77)
    #expect(none.output.isEmpty)
    #expect(none.errors.contains("run it as root"))
  }

  @Test func `needs a place`() throws {
    expectUsageError(try dtfix("capture"), "-o")
    expectUsageError(try dtfix("capture", "-o"), "-o")
    #expect(try dtfix("capture", "-o", "").status == 64)
  }

  @Test func `leaves nothing behind where there is no room`() throws {
    let place = try Workplace()

    let result = try shell(
      "ulimit -f 100; $dtfix capture --root $1 -o $2/copy 2>&1; echo $?", capturedMachine,
      place.folder.path)

    #expect(result.text.contains("copy: sys/firmware/fdt: File too large"))
    #expect(result.text.hasSuffix("\n74\n"))
    #expect(try place.names() == ["board.dtb"])
  }
}
