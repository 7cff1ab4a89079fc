// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The core header of a captured machine` {
  /// Where the loader put the copy of the first 64 KiB: oracle/info.txt, `backup region`. The machine
  /// cannot tell: it is a segment of the crash image.
  static let backups = ["pseries-7.2-kf": "0x208d0000", "pseries-6.12": "0x2287f000"]

  @Test(arguments: [
    "arm64-virt-6.12-kf", "arm64-virt-2g-6.12-kf", "arm64-virt-6g-highlow-6.12-kf",
    "arm64-virt-uefi-dt-6.12-kf", "riscv64-virt-7.2-kf", "pseries-7.2-kf", "x86_64-q35-6.1",
    "x86_64-q35-6g-high-6.1", "x86_64-q35-la57-6.12",
  ])
  func `is the kernel's own, byte for byte`(name: String) throws {
    let machine = try Fixtures.machine(name)

    let result = try dtfix(["elfcorehdr", "--root", machine] + backup(name))

    #expect(result.errors == "")
    #expect(try result.output == contents(of: machine + "/oracle/kernel-elfcorehdr.bin"))
  }

  /// The kernel describes the notes of CPUs that are not plugged in, too, and tells nobody where these
  /// are; they are empty until then.
  @Test func `lacks the notes of absent CPUs, until they are given`() throws {
    let machine = try Fixtures.machine("x86_64-q35-hotplug-6.12")
    let oracle = machine + "/oracle/kernel-elfcorehdr.bin"
    let place = try TemporaryFolder()
    let notes = ["0x7ec3d800", "0x7ecbd800", "0x7ed3d800", "0x7edbd800"]

    let result = try dtfix("elfcorehdr", "--root", machine, "-o", place / "core.hdr", "--explain")
    let whole = try dtfix(
      ["elfcorehdr", "--root", machine] + notes.flatMap { ["--cpu-notes", $0 + "+0x170"] })

    #expect(try whole.output == contents(of: oracle))
    let missing = try segments(oracle).subtracting(segments(place / "core.hdr"))
    #expect(try segments(place / "core.hdr").isSubset(of: segments(oracle)))
    #expect(
      missing
        == Set(notes[2...].map { "\($0) 0x0000000000000000 0x00000000\($0.dropFirst(2)) 0x000170" })
    )
    #expect(
      result.errors.hasPrefix("note: the register notes of only 2 of 4 possible CPUs are known"))
  }

  /// kexec-tools' own differences are in the test after this one.
  @Test(arguments: [
    "arm64-virt-6.12", "arm64-virt-6.12-kf", "arm64-virt-2g-6.12-kf",
    "arm64-virt-6g-highlow-6.12-kf", "arm64-virt-uefi-dt-6.12-kf", "arm64-virt-uefi-acpi-6.12",
  ])
  func `is kexec-tools', in its padding`(name: String) throws {
    let machine = try Fixtures.machine(name)

    let result = try dtfix("elfcorehdr", "--root", machine, "--style", "kexec-tools")

    #expect(result.errors == "")
    #expect(try result.output == contents(of: machine + "/oracle/kexec-tools-elfcorehdr.bin"))
  }

  /// A line of `readelf -lW` without its column of types.
  @Test(arguments: [
    // No _text in kallsyms: kexec-tools 2.0.25 writes a kernel at no address of this machine, and the
    // linear map of page offset 0 (reference/field-notes-arm64.md).
    Difference(
      "arm64-virt-1g-6.1",
      ours: [
        "0x40200000 0xffffa345cee00000 0x0000000040200000 0x2010000",
        "0x40000000 0xffff56b700000000 0x0000000040000000 0x2ac00000",
        "0x7ac00000 0xffff56b73ac00000 0x000000007ac00000 0x5400000",
      ],
      theirs: [
        "0x5cba71400000 0xffffffffffffffff 0x00005cba71400000 0xffffa345d0e10000",
        "0x40000000 0x000056b700000000 0x0000000040000000 0x2ac00000",
        "0x7ac00000 0x000056b73ac00000 0x000000007ac00000 0x5400000",
      ]),
    // RTAS rounded up to a page, and last (reference/field-notes-riscv-ppc-x86.md).
    Difference(
      "pseries-6.12", ours: ["0x2ffff000 0xc00000002ffff000 0x000000002ffff000 0x00083c"],
      theirs: ["0x2ffff000 0xc00000002ffff000 0x000000002ffff000 0x001000"]),
    Difference(
      "pseries-7.2-kf", ours: ["0x2fff0000 0xc00000002fff0000 0x000000002fff0000 0x00083c"],
      theirs: ["0x2fff0000 0xc00000002fff0000 0x000000002fff0000 0x010000"]),
    // Everything "Reserved" is left out, the linear map has a wrong page offset, and the kernel's
    // image lacks its last byte.
    Difference(
      "riscv64-virt-7.2-kf",
      ours: [
        "0x80202000 0xffffffff80002000 0x0000000080202000 0x547000",
        "0x80000000 0xffffaf8000000000 0x0000000080000000 0x6fe00000",
        "0xffe00000 0xffffaf807fe00000 0x00000000ffe00000 0x200000",
      ],
      theirs: [
        "0x80202000 0xffffffff80002000 0x0000000080202000 0x546448",
        "0x80080000 0x00000000002fe6c0 0x0000000080080000 0x180000",
        "0x80749000 0x00000000009c76c0 0x0000000080749000 0x7ab7000",
        "0x883ff000 0x000000000867d6c0 0x00000000883ff000 0x37a01000",
        "0xbfe02000 0x00000000400806c0 0x00000000bfe02000 0x2cdfe000",
        "0xffe00000 0x000000008007e6c0 0x00000000ffe00000 0x0d1000",
        "0xffff0000 0x000000008026e6c0 0x00000000ffff0000 0x002000",
      ]),
    // The low 640 KiB, from a copy that purgatory makes. The kernel takes them for itself at boot and
    // dumps nothing of them.
    Difference(
      "x86_64-q35-6.1", ours: [],
      theirs: ["0x6ef61000 0xffff8eef40001000 0x0000000000001000 0x09ec00"]),
    Difference(
      "x86_64-q35-6g-high-6.1", ours: [],
      theirs: ["0x1fef61000 0xffff8a4a80001000 0x0000000000001000 0x09ec00"]),
    Difference(
      "x86_64-q35-la57-6.12", ours: [],
      theirs: ["0x7df61000 0xff223b9540001000 0x0000000000001000 0x09ec00"]),
  ])
  func `differs from kexec-tools' where kexec-tools differs from the kernel`(difference: Difference)
    throws
  {
    let machine = try Fixtures.machine(difference.machine)
    let place = try TemporaryFolder()

    let result = try dtfix(
      ["elfcorehdr", "--root", machine, "--style", "kexec-tools", "-o", place / "core.hdr"]
        + backup(difference.machine))
    let ours = try segments(place / "core.hdr")
    let theirs = try segments(machine + "/oracle/kexec-tools-elfcorehdr.bin")

    expectSilence(result)
    #expect(ours.subtracting(theirs) == Set(difference.ours))
    #expect(theirs.subtracting(ours) == Set(difference.theirs))
  }

  @Test(arguments: [
    ("x86_64", "0x1000-0x9fbff,0x100000-0x7fffffff", ["0x100000"]),
    ("loongarch64", "0x200000-0xeffffff", ["0x200000"]),
  ])
  func `of other architectures follows their rules`(
    architecture: String, memory: String, starts: [String]
  ) throws {
    let ram = memory.split(separator: ",").flatMap { ["--ram", String($0)] }

    let result = try dtfix(
      [
        "elfcorehdr", "--arch", architecture, "--cpu-notes", "0x300000+0x170", "--vmcoreinfo",
        "0x302000+0x1024", "--json",
      ] + ram)

    #expect(
      try python(
        "[s['physicalAddress'] for s in json['segments'] if s['type'] == 'load']", on: result)
        == "\(starts)".replacing("\"", with: "'"))
  }

  private func backup(_ name: String) -> [String] {
    Self.backups[name].map { ["--backup-at", $0] } ?? []
  }

  private func segments(_ path: String) throws -> Set<String> {
    let result = try run("readelf", ["-lW", path])
    #expect(result.errors == "")
    let lines = result.text.split(separator: "\n").map { $0.split(separator: " ") }
    return Set(
      lines.filter { ["LOAD", "NOTE"].contains($0.first ?? "") && $0.count > 5 }.map {
        $0[1...4].joined(separator: " ")
      })
  }
}

/// The segments that one maker's header has and the other's lacks: offset, virtual and physical
/// address, size.
struct Difference: CustomTestStringConvertible, Sendable {
  let machine: String
  let ours: [String]
  let theirs: [String]

  init(_ machine: String, ours: [String], theirs: [String]) {
    self.machine = machine
    self.ours = ours
    self.theirs = theirs
  }

  var testDescription: String { machine }
}
