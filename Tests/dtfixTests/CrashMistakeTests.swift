// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

/// What would cost the dump, and what is said instead.
@Suite struct `A core header is refused` {
  @Test(
    arguments: [
      ("sed -i '/Crash kernel/d' proc/iomem", [], 69, "no memory is set apart for a crash kernel"),
      (
        "sed -i 's/[0-9a-f]*-[0-9a-f]* : Crash/00000000-00000000 : Crash/' proc/iomem", [], 69,
        "set apart"
      ),
      (
        "sed -i 's/[0-9a-f]*-[0-9a-f]* :/00000000-00000000 :/' proc/iomem",
        ["--ram", "0x40000000+1G"],
        77, "CAP_SYS_ADMIN"
      ),
      ("true", ["--arch", "x86_64"], 64, "--arch: x86_64, but "),
      ("true", ["--backup-at", "0x91400000"], 64, "--backup-at: "),
      ("echo '50000000-5fffffff : System RAM' >>proc/iomem", [], 65, "overlap"),
    ] as [(String, [String], Int32, String)])
  func `of a machine where it would be wrong`(
    damage: String, options: [String], status: Int32, text: String
  ) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell("cd \"$1\"; " + damage, place / "machine")

    let result = try dtfix(
      ["elfcorehdr", "--root", place / "machine", "-o", place / "core.hdr"] + options)

    expectRefusal(result, status, text)
  }

  @Test(arguments: ["0x1000", "0xfffffffffffff000", "0x40000000", "0x2fff8000"])
  func `with a copy of the first memory in the wrong place`(backup: String) throws {
    let machine = try Fixtures.machine("pseries-7.2-kf")

    let result = try dtfix(
      "elfcorehdr", "--root", machine, "--backup-at", backup, "-o", "/dev/null")

    #expect((result.status == 0) == (backup == "0x2fff8000"))
  }

  @Test func `of a crash region that is half given`() throws {
    let place = try Workplace()
    try run("cp", ["-r", Fixtures.machine("pseries-7.2-kf"), place / "machine"])
    let property = place / "machine/proc/device-tree/chosen/linux,crashkernel-size"
    try run("rm", [property])

    let result = try dtfix(
      "elfcorehdr", "--root", place / "machine", "--backup-at", "0x208d0000", "-o", "/dev/null")

    expectRefusal(result, 66, property)
  }

  /// Each would be a dump without its registers, or with the crash kernel in it.
  @Test(
    arguments: [
      ("echo 92000000 >sys/devices/system/cpu/cpu0/crash_notes", "crash kernel's own memory"),
      ("echo a8000000 >sys/devices/system/cpu/cpu1/crash_notes", "is not memory"),
      (
        "cat sys/devices/system/cpu/cpu0/crash_notes >sys/devices/system/cpu/cpu1/crash_notes",
        "is also in the PT_NOTE"
      ),
      ("echo '0xffffff0000000000 1024' >sys/kernel/vmcoreinfo", "is not memory"),
    ])
  func `that its own check would call useless`(damage: String, text: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell("cd \"$1\"; " + damage, place / "machine")

    let result = try dtfix(
      "elfcorehdr", "--root", place / "machine", "-o", place / "core.hdr")

    expectRefusal(result, 65, text)
    #expect(try run("test", ["-e", place / "core.hdr"]).status == 1)
  }

  @Test(arguments: [
    "sys/kernel/vmcoreinfo", "sys/devices/system/cpu/cpu0/crash_notes", "proc/iomem", "proc/kcore",
  ])
  func `in the place of what it is made from`(path: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    let input = place / "machine/\(path)"
    let before = try contents(of: input)

    let result = try dtfix("elfcorehdr", "--root", place / "machine", "-o", input)

    expectRefusal(result, 64, "is also an input")
    #expect(try contents(of: input) == before)
  }

  @Test func `for whom it is: root, as it tells where the kernel is`() throws {
    let place = try Workplace()

    try dtfix("elfcorehdr", "--root", capturedMachine, "-o", place / "core.hdr")

    #expect(try run("stat", ["-c", "%a", place / "core.hdr"]).text == "600\n")
  }

  @Test(arguments: [false, true])
  func `with more ranges than it counts, with the remedy`(isJoined: Bool) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell(
      #"cd "$1"; for i in $(seq 66000); do printf '%x-%x : System RAM\n' "#
        + #"$((0x100000000 + i * 8192)) $((0x100000000 + i * 8192 + 4095)); done >>proc/iomem"#,
      place / "machine")

    let result = try dtfix(
      ["elfcorehdr", "--root", place / "machine", "-o", "/dev/null"]
        + (isJoined ? ["--join-neighbours"] : []))

    expectRefusal(result, 65, "a header counts 65534 at most")
    #expect(result.errors.contains("--join-neighbours") == !isJoined)
  }

  @Test func `excludes the given ranges besides the crash kernel`() throws {
    let result = try dtfix(
      "elfcorehdr", "--root", capturedMachine, "--exclude", "0x50000000+0x1000", "--json")

    #expect(
      try python("[s['physicalAddress'] for s in json['segments']][3:]", on: result)
        == "['0x40200000', '0x40000000', '0x50001000', '0x9d400000']")
  }

  @Test func `always names what it could not find out`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("rm", [place / "machine/proc/kcore"])

    let result = try dtfix(
      "elfcorehdr", "--root", place / "machine", "--arch", "arm64", "-o", place / "core.hdr")

    #expect(result.status == 0)
    #expect(result.errors.contains("note: \(place / "machine/proc/kcore")"))
    #expect(result.errors.contains("warning: memory: the linear map is not known"))
  }

  @Test(arguments: [
    ("ppc64", "2's complement, big endian"), ("ppc64le", "2's complement, little endian"),
  ])
  func `has the byte order of its architecture's name`(name: String, order: String) throws {
    let place = try TemporaryFolder()

    let result = try dtfix(
      "elfcorehdr", "--arch", name, "--ram", "0+1G", "--cpu-notes", "0x10000+536", "--vmcoreinfo",
      "0x20000+0x10024", "--exclude", "0x20000000+0x10000000", "--backup-at", "0x20000000", "-o",
      place / "core.hdr")
    let text = try run("readelf", ["-h", place / "core.hdr"])

    #expect(result.status == 0)
    #expect(text.text.contains(order))
    #expect(text.errors == "")
  }
}

@Suite struct `A crash tree is refused` {
  private let arguments = [
    "--for-crash", "--elfcorehdr-at", "0x9d3f0000+0x1000", "-o", "/dev/null",
  ]

  @Test(
    arguments: [
      ("sed -i 's/[0-9a-f]*-[0-9a-f]* :/00000000-00000000 :/' proc/iomem", 77, "CAP_SYS_ADMIN"),
      ("sed -i '/Crash kernel/d' proc/iomem", 69, "no memory is set apart"),
    ] as [(String, Int32, String)])
  func `of a machine without a crash region, whatever is said`(
    damage: String, status: Int32, text: String
  ) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell("cd \"$1\"; " + damage, place / "machine")

    for options in [[], ["--usable-memory", "0x91400000-0x9d3fffff"]] {
      let result = try dtfix(arguments + ["--root", place / "machine"] + options)
      expectRefusal(result, status, text)
    }
  }

  @Test(arguments: ["elfcorehdr=0x1000", #""elfcorehdr=0x1000 x""#, "quiet elfcorehdr=1K@0x1000"])
  func `with another core header on its command line`(line: String) throws {
    let result = try dtfix(arguments + ["--root", capturedMachine, "--command-line", line])

    expectRefusal(result, 64, "--command-line: ", "elfcorehdr=")
  }

  @Test(arguments: ["0x9d3f0001+0x1000", "0x9d3f0000+0x10", "0x91400000+0xc000000"])
  func `with a core header that cannot be one`(range: String) throws {
    let result = try dtfix(
      "--for-crash", "--root", capturedMachine, "--elfcorehdr-at", range, "-o", "/dev/null")

    expectRefusal(result, 64, "--elfcorehdr-at: ")
  }
}
