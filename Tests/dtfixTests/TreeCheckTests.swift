// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

/// The findings of a check, without what the next kernel will believe.
private func findings(_ result: ToolResult) throws -> [String] {
  try python("'\\n'.join(f['place'] + ': ' + f['text'] for f in json['findings'])", on: result)
    .split(separator: "\n").map(String.init)
}

@Suite struct `A check of a tree` {
  /// What real kernels made, and booted with.
  @Test(arguments: [
    "arm64-virt-2g-6.12-kf", "arm64-virt-6.12-kf", "arm64-virt-6g-highlow-6.12-kf",
    "arm64-virt-uefi-dt-6.12-kf", "riscv64-virt-7.2-kf", "pseries-7.2-kf",
  ])
  func `has nothing against a kernel's own`(name: String) throws {
    let root = try Fixtures.machine(name)
    let trees = root + "/oracle/"

    let crash = try ["kernel.dtb", "crash-kernel.seen.dtb"].map {
      try dtfix("check", "--json", "--for-crash", "--root", root, trees + $0)
    }
    let normal = try dtfix("check", "--json", "--for-kexec", trees + "normal-kernel.seen.dtb")
    let mistaken = try dtfix("check", "--json", "--for-kexec", trees + "kernel.dtb")

    for result in crash + [normal] {
      #expect(try findings(result) == [])
      #expect(result.status == 0)
      #expect(try python("len(json['beliefs'])", on: result) == "7")
    }
    #expect(mistaken.status == 1)
    #expect(try findings(mistaken).contains { $0.hasPrefix("/chosen: linux,elfcorehdr: ") })
  }

  @Test(arguments: try Fixtures.boards().filter { $0.hasSuffix(".dtb") })
  func `has no finding for a board's, which was not prepared`(board: String) throws {
    let result = try dtfix("check", board)

    #expect(result.status == 0, "\(result.text)")
    #expect(result.text.split(separator: "\n").count == 7)
    #expect(result.text.split(separator: "\n").allSatisfy { $0.hasPrefix(board + ": ") })
  }

  @Test func `tells what the next kernel will believe`() throws {
    let place = try Workplace()

    let result = try dtfix("check", place.board)

    #expect(result.text.contains("\(place.board): initrd: 0xa200000-0xb05d3f6\n"))
    #expect(result.text.contains("console=ttyS0,115200n8 root=/dev/mmcblk0p2"))
  }

  @Test(
    arguments: [
      ("--for-crash", "-d /chosen linux,elfcorehdr", "linux,elfcorehdr: missing"),
      ("--for-crash", "-d /chosen linux,usable-memory-range", "would destroy the dump"),
      ("--for-crash", "-tx /chosen linux,usable-memory-range 0 1 0", "not one or two ranges"),
      (
        "--for-crash", "-tx /chosen linux,usable-memory-range 0 40000000 0 10000000",
        "0x40000000-0x4fffffff is not set apart for crash kernels"
      ),
      ("--for-crash", "-tx /chosen linux,elfcorehdr 0 1", "not one range"),
      ("--for-crash", "-tx /chosen linux,ima-kexec-buffer 0 1 0 1", "of an earlier kernel"),
      (
        "--for-crash", "-tx /chosen linux,initrd-end 1", "does not describe an initrd together with"
      ),
      ("--for-crash", "-d /chosen linux,initrd-start", "does not describe an initrd together with"),
      ("--for-kexec", "-tx /chosen linux,kho-fdt 0 1 0 1", "only one of linux,kho-fdt and"),
      ("--for-kexec", "-tx /chosen linux,dmcryptkeys 1 2", "of an earlier kernel"),
      (
        "--for-kexec", "-tx /chosen linux,ima-kexec-buffer 0 1 0 1",
        "not one range that is reserved"
      ),
      ("--for-kexec", "-ts /memory@40000000 device_type other", "the kernel will have none"),
      ("--for-kexec", "-tx /chosen linux,initrd-end 0 f0000000", "is not all in memory"),
      ("--for-kexec", "-tx /chosen linux,uefi-system-table 0 1", "without it UEFI is not found"),
      ("--for-kexec", "-c /chosen@1", "readers take one of them"),
    ])
  func `finds a mistake`(purpose: String, change: String, text: String) throws {
    let name = purpose == "--for-crash" ? "kernel.dtb" : "normal-kernel.seen.dtb"
    let place = try Workplace()
    try run("cp", [capturedMachine + "/oracle/\(name)", place / "next.dtb"])
    var words = change.split(separator: " ").map(String.init)
    let edited = try run("fdtput", [words.removeFirst(), place / "next.dtb"] + words)

    let result = try dtfix(
      "check", "--json", purpose, "--root", capturedMachine, place / "next.dtb")

    #expect(edited.status == 0, "\(edited.errors)")
    #expect(result.status == 1)
    #expect(try findings(result).contains { $0.contains(text) }, "\(result.text)")
  }

  /// With a seed, the kernel puts the checksum of its tree right (`drivers/of/fdt.c:early_init_dt_scan_chosen`).
  @Test func `finds keys of disks without an rng-seed`() throws {
    let place = try Workplace()
    let tree = place / "next.dtb"
    try run("cp", [capturedMachine + "/oracle/kernel.dtb", tree])
    try run("fdtput", ["-tx", tree, "/chosen", "linux,dmcryptkeys", "0", "1", "0", "2"])

    let good = try dtfix("check", "--json", "--for-crash", tree)
    try run("fdtput", ["-d", tree, "/chosen", "rng-seed"])
    let bad = try dtfix("check", "--json", "--for-crash", tree)

    #expect(try findings(good) == [])
    #expect(
      try findings(bad) == [
        "/chosen: has linux,dmcryptkeys and no rng-seed: the crash kernel will have no /sys/firmware/fdt"
      ])
  }

  @Test func `finds that it is none`() throws {
    let place = try Workplace()
    try write(Array(contents(of: place.board).dropLast(100)), to: place / "short.dtb")

    let result = try dtfix("check", place / "short.dtb")

    #expect(result.status == 1)
    #expect(result.text.hasPrefix(place / "short.dtb: blob: "))
    #expect(result.text.split(separator: "\n").count == 1)
  }

  @Test func `is not for an architecture without trees`() throws {
    let place = try Workplace()

    let result = try dtfix("check", "--arch", "x86_64", place.board)

    #expect(result.status == 1)
    #expect(result.text.contains("started without a device tree"))
  }

  @Test func `and its purpose are for trees`() throws {
    let place = try Workplace()
    let header = capturedMachine + "/oracle/kernel-elfcorehdr.bin"

    expectRefusal(try dtfix("check", "--for-crash", header), 64, header, "not a tree")
    expectUsageError(try dtfix("check", "--for-crash", "--for-kexec", place.board), "exclude")
  }
}
