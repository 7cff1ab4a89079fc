// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The tree for a crash kernel` {
  private let arguments = [
    "--for-crash", "--initrd-at", "0x92000000+0x1f9bb8", "--elfcorehdr-at", "0x9d3f0000+0x1000",
  ]

  @Test func `has the machine's crash region, and its command line without crashkernel=`() throws {
    let place = try Workplace()

    let result = try dtfix(arguments + ["--root", capturedMachine, "-o", place / "crash.dtb"])

    expectSilence(result)
    func cells(_ name: String) throws -> String {
      try run("fdtget", ["-t", "x", place / "crash.dtb", "/chosen", name]).text
    }
    #expect(try cells("linux,usable-memory-range") == "0 91400000 0 c000000\n")
    #expect(try cells("linux,elfcorehdr") == "0 9d3f0000 0 1000\n")
    #expect(
      try fdtget(place / "crash.dtb", "/chosen", "bootargs")
        == "console=ttyAMA0 loglevel=5 panic=10")
    #expect(
      try reservations(of: place / "crash.dtb") == [
        "0x0000000092000000 0x00000000001f9bb8", "0x000000009d3f0000 0x0000000000001000",
      ])
  }

  @Test func `takes the given regions`() throws {
    let place = try Workplace("qemu-arm64-virt")

    let result = try dtfix(
      arguments + [
        "-i", place.board, "--usable-memory", "0x91400000-0x9d3fffff", "--usable-memory",
        "64M@0x50000000", "-o", place / "crash.dtb",
      ])

    expectSilence(result)
    let range = try run(
      "fdtget", ["-t", "x", place / "crash.dtb", "/chosen", "linux,usable-memory-range"])
    #expect(range.text == "0 91400000 0 c000000 0 50000000 0 4000000\n")
  }

  @Test func `is not made without a crash region`() throws {
    let place = try Workplace("qemu-arm64-virt")
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("sed", ["-i", "/Crash kernel/d", place / "machine/proc/iomem"])

    let tree = try dtfix(arguments + ["-i", place.board, "-o", place / "crash.dtb"])
    let machine = try dtfix(arguments + ["--root", place / "machine", "-o", place / "crash.dtb"])

    expectRefusal(tree, 69, "no memory is set apart for a crash kernel")
    expectRefusal(machine, 69, "no memory is set apart for a crash kernel")
    #expect(machine.errors.contains("crashkernel="))
  }

  @Test(arguments: [
    (["--elfcorehdr-at", "0x80000000+0x1000"], "--elfcorehdr-at: "),
    (["--elfcorehdr-at", "0x9d3f0000+0x10001"], "--elfcorehdr-at: "),
    (["--initrd-at", "0x80000000+0x1000"], "--initrd-at: "),
    (["--initrd-at", "0x9d3ef000+0x2000"], "--initrd-at: "),
    (["--usable-memory", "0x50000000+1M"], "--usable-memory: "),
  ])
  func `is refused with a part outside of the crash region`(
    changed: [String], what: String
  ) throws {
    let place = try Workplace()

    let result = try dtfix(
      arguments + ["--root", capturedMachine, "-o", place / "crash.dtb"] + changed)

    expectRefusal(result, 64, what)
  }

  @Test(arguments: [
    (["--for-crash"], "--elfcorehdr-at"),
    (["--for-crash", "--for-kexec", "--elfcorehdr-at", "0x1000+1"], "--for-kexec or --for-crash"),
    (["--for-kexec", "--elfcorehdr-at", "0x1000+1"], "--elfcorehdr-at"),
    (["--for-kexec", "--usable-memory", "0x1000+1"], "--usable-memory"),
  ])
  func `needs a core header, and belongs to no ordinary kexec`(
    arguments: [String], what: String
  ) throws {
    expectUsageError(try dtfix(arguments + ["--root", capturedMachine]), what)
  }
}

@Suite struct `A core header` {
  @Test func `is explained`() throws {
    let result = try dtfix("elfcorehdr", "--root", capturedMachine, "--explain", "-o", "/dev/null")

    let lines = result.errors.split(separator: "\n")
    #expect(result.status == 0)
    #expect(lines.contains("linear map 0xffff3a8400000000: from /proc/kcore"))
    #expect(lines.contains("linear map 0xffff3a8400000000: from vmcoreinfo"))
    #expect(
      lines.contains(
        "kernel text 0xffffa8cd91800000 at 0x40200000-0x4089ffff: from /proc/kcore"))
    #expect(lines.contains("memory 0x9d400000-0x9fffffff"))
  }

  @Test func `needs no machine when all is given`() throws {
    let arguments = [
      "elfcorehdr", "--arch", "aarch64", "--ram", "0x40000000-0x9fffffff", "--exclude",
      "0x91400000-0x9d3fffff", "--cpu-notes", "0x9ffbe000+0x1a8", "--cpu-notes",
      "0x9ffd2000+0x1a8", "--vmcoreinfo", "0x4155a000+0x1024", "--kernel-text",
      "0xffffa8cd91800000:0x40200000+0x6a0000", "--linear-map", "0xffff3a8400000000",
    ]

    let result = try dtfix(arguments)

    #expect(result.errors == "")
    #expect(
      try result.output == contents(of: capturedMachine + "/oracle/kernel-elfcorehdr.bin"))
  }

  @Test(arguments: [
    ("rm sys/kernel/vmcoreinfo", 69, "no vmcoreinfo note"),
    ("echo 0x1000 1g >sys/kernel/vmcoreinfo", 65, "vmcoreinfo: line 1"),
    ("echo 0x1000 >sys/kernel/vmcoreinfo", 65, "vmcoreinfo: line 1"),
    ("echo 1000 1024 >sys/kernel/vmcoreinfo", 65, "vmcoreinfo: line 1"),
    ("echo 0xffffffffffffffff 1024 >sys/kernel/vmcoreinfo", 65, "vmcoreinfo: line 1"),
    ("rm -r sys/devices/system/cpu", 69, "no register notes"),
    ("rm sys/devices/system/cpu/cpu0/crash_notes_size", 66, "cpu0/crash_notes_size"),
    ("echo 0 >sys/devices/system/cpu/cpu0/crash_notes_size", 65, "crash_notes_size: line 1"),
    ("echo 0x1a8 >sys/devices/system/cpu/cpu0/crash_notes_size", 65, "crash_notes_size: line 1"),
    ("echo 0x1000 >sys/devices/system/cpu/cpu0/crash_notes", 65, "crash_notes: line 1"),
    ("echo >sys/devices/system/cpu/cpu0/crash_notes", 65, "crash_notes: line 1"),
    ("rm proc/iomem", 69, "no RAM is known"),
    ("echo junk >>proc/iomem", 65, "proc/iomem: line "),
    ("sed -i 's/[0-9a-f]*-[0-9a-f]* :/00000000-00000000 :/' proc/iomem", 77, "CAP_SYS_ADMIN"),
  ])
  func `is not made of a machine that does not tell`(
    damage: String, status: Int, text: String
  ) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell("cd \"$1\"; " + damage, place / "machine")

    let result = try dtfix("elfcorehdr", "--root", place / "machine", "-o", place / "core.hdr")

    expectRefusal(result, Int32(status), text)
    #expect(try !place.names().contains("core.hdr"))
  }

  @Test(arguments: [
    "rm proc/kcore", "echo junk >proc/kcore", "head -c 100 proc/kcore >k; mv k proc/kcore",
  ])
  func `falls back when kcore is no use, and says so`(damage: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell("cd \"$1\"; " + damage, place / "machine")

    let result = try dtfix(
      "elfcorehdr", "--root", place / "machine", "--arch", "aarch64", "--explain", "-o",
      place / "core.hdr")

    #expect(result.status == 0)
    #expect(result.errors.contains("note: \(place / "machine/proc/kcore")"))
    #expect(result.errors.contains("warning: memory: the linear map is not known"))
  }

  @Test func `leaves out a CPU that has no notes`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell(
      "cd \"$1\"/sys/devices/system/cpu; mkdir cpu10 cpu9 cpufreq; cp cpu1/* cpu10; rm -r cpu1",
      place / "machine")

    let result = try dtfix("elfcorehdr", "--root", place / "machine", "--json")

    #expect(
      try python("sum(s['type'] == 'note' for s in json['segments'])", on: result) == "3")
  }
}
