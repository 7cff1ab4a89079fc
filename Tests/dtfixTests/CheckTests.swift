// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A core header under check` {
  /// Kernels' own headers, of the machines that they were made on; kexec-tools', where that knows all.
  @Test(arguments: [
    ("arm64-virt-2g-6.12-kf", "kernel"), ("arm64-virt-6.12-kf", "kernel"),
    ("arm64-virt-6g-highlow-6.12-kf", "kernel"), ("arm64-virt-uefi-dt-6.12-kf", "kernel"),
    ("riscv64-virt-7.2-kf", "kernel"), ("pseries-7.2-kf", "kernel"),
    ("x86_64-q35-6.1", "kernel"), ("x86_64-q35-6g-high-6.1", "kernel"),
    ("x86_64-q35-la57-6.12", "kernel"), ("x86_64-q35-hotplug-6.12", "kernel"),
    ("arm64-virt-6.12", "kexec-tools"), ("arm64-virt-uefi-acpi-6.12", "kexec-tools"),
    ("pseries-6.12", "kexec-tools"), ("pseries-7.2-kf", "kexec-tools"),
  ])
  func `passes in silence on its machine`(name: String, maker: String) throws {
    let machine = try Fixtures.machine(name)

    let result = try dtfix(
      "check", "--root", machine, machine + "/oracle/\(maker)-elfcorehdr.bin")

    expectSilence(result)
  }

  @Test(arguments: ["arm64-virt-6.12-kf", "riscv64-virt-7.2-kf", "arm64-virt-1g-6.1"])
  func `passes when it is ours`(name: String) throws {
    let place = try Workplace()
    let machine = try Fixtures.machine(name)
    try dtfix("elfcorehdr", "--root", machine, "-o", place / "core.hdr")

    expectSilence(try dtfix("check", "--root", machine, place / "core.hdr"))
    expectSilence(try dtfix("check", place / "core.hdr", place / "core.hdr"))
  }

  @Test func `is reported line by line, with 1`() throws {
    let file = try Fixtures.machine("arm64-virt-1g-6.1") + "/oracle/kexec-tools-elfcorehdr.bin"

    let result = try dtfix("check", file)

    let lines = result.text.split(separator: "\n")
    #expect(result.status == 1)
    #expect(result.errors == "")
    #expect(lines.count == 3)
    #expect(
      lines.first == """
        \(file): useless: program header 2: 0xffffa345d0e10000 bytes from 0x5cba71400000 on pass the \
        end of the address space [vmcore.c:process_ptload_program_headers_elf64]
        """)
  }

  @Test func `is reported as JSON`() throws {
    let file = try Fixtures.machine("arm64-virt-1g-6.1") + "/oracle/kexec-tools-elfcorehdr.bin"

    let result = try dtfix("check", "--json", file)

    #expect(result.status == 1)
    #expect(
      try python(
        #"[json["findings"][0][k] for k in ("severity", "place", "rule")]"#, on: result)
        == "['useless', 'program header 2', "
        + "'fs/proc/vmcore.c:process_ptload_program_headers_elf64']")
    #expect(try python(#"len(json["findings"])"#, on: result) == "3")
  }

  @Test func `is none as JSON when all is well`() throws {
    let result = try dtfix("check", "--json", Self.oracle())

    #expect(result.status == 0)
    #expect(try python(#"json["findings"]"#, on: result) == "[]")
  }

  @Test func `of another boot is found stale`() throws {
    let machine = try Fixtures.machine("arm64-virt-2g-6.12-kf")

    let result = try dtfix("check", "--root", machine, Self.oracle())

    #expect(result.status == 1)
    for part in [
      "useless: program headers: 0x91400000-0x9d3fffff is memory of this machine, but in no PT_LOAD",
      "warning: program header 0: 0x9ffbe000-0x9ffbe1a7 is not where a CPU",
      "useless: program headers: 0xbffbf000-0xbffbf1a7 is where a CPU",
      "useless: program header 2: vmcoreinfo is 0x4155a000-0x4155b023; this machine's is "
        + "0x41572000-0x41573023",
    ] {
      #expect(result.text.contains(part))
    }
  }

  @Test(arguments: [
    (["--linear-map", "0xffff000000000000"], "useless: program header 4: p_vaddr - p_paddr is "),
    (["--kernel-text", "0xffff800080200000:0x40200000+0x6a0000"], "useless: program header 3: "),
    (
      ["--vmcoreinfo", "0x41600000+0x1024"], "useless: program header 2: vmcoreinfo is "
    ),
  ])
  func `of this machine with a wrong fact is found out`(wrong: [String], finding: String) throws {
    let place = try Workplace()
    let made = ["elfcorehdr", "--root", capturedMachine, "-o", place / "core.hdr"] + wrong
    #expect(try dtfix(made).status == 0)

    let result = try dtfix("check", "--root", capturedMachine, place / "core.hdr")

    #expect(result.status == 1)
    #expect(result.text.contains(finding))
  }

  @Test func `misses no memory that was left out on purpose`() throws {
    let place = try Workplace()
    let less = ["--root", capturedMachine, "--exclude", "0x40000000+0x1000"]
    #expect(try dtfix(["elfcorehdr"] + less + ["-o", place / "core.hdr"]).status == 0)

    let missed = try dtfix("check", "--root", capturedMachine, place / "core.hdr")
    let told = try dtfix(["check"] + less + [place / "core.hdr"])

    #expect(missed.status == 1)
    #expect(missed.text.contains("0x40000000-0x40000fff is memory of this machine"))
    #expect(told.status == 0)
    #expect(told.text == "")
  }

  @Test(
    arguments: [("aarch64", 0), ("arm64", 0), ("riscv64", 1), ("x86_64", 1)] as [(String, Int32)])
  func `is for the architecture that is named`(name: String, status: Int32) throws {
    let result = try dtfix("check", "--arch", name, Self.oracle())

    #expect(result.status == status)
    #expect(result.text.contains("refused: offset 0x12: e_machine is 183") == (status == 1))
  }

  @Test(
    arguments: [
      ("rm proc/kcore", "linear map is not known"),
      ("rm sys/devices/system/cpu/cpu*/crash_notes", "no register notes"),
      ("sed -i '/Crash kernel/d' proc/iomem", "missing memory is not reported"),
      ("rm sys/kernel/vmcoreinfo", "no vmcoreinfo note"),
    ])
  func `names what could not be compared`(damage: String, note: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell("cd \"$1\"; " + damage, place / "machine")

    let result = try dtfix("check", "--root", place / "machine", Self.oracle())
    let json = try dtfix("check", "--json", "--root", place / "machine", Self.oracle())

    #expect(result.status == 0)
    #expect(result.text == "")
    #expect(result.errors.contains("note: "))
    #expect(result.errors.contains(note))
    #expect(try python(#"len(json["notes"]) > 0"#, on: json) == "True")
  }

  @Test func `comes from standard input`() throws {
    var header = try contents(of: Self.oracle())
    header[16] = 2

    let result = try run(dtfixPath, ["check", "-"], input: header)

    #expect(result.status == 1)
    #expect(
      result.text
        == "standard input: refused: offset 0x10: e_type is 2, not 4 (ET_CORE) "
        + "[vmcore.c:parse_crash_elf64_headers]\n")
  }

  @Test func `is one of several, each by its name`() throws {
    let place = try Workplace()
    var header = try contents(of: Self.oracle())
    header[20] = 9
    try write(header, to: place / "bad.hdr")

    let result = try dtfix("check", Self.oracle(), place / "bad.hdr")

    #expect(result.status == 1)
    #expect(result.text.split(separator: "\n").count == 1)
    #expect(result.text.hasPrefix("\(place / "bad.hdr"): refused: offset 0x14: "))
  }

  fileprivate static func oracle() throws -> String {
    try Fixtures.machine("arm64-virt-6.12-kf") + "/oracle/kernel-elfcorehdr.bin"
  }
}

@Suite struct `A check that cannot be made` {
  @Test(arguments: [
    (["check"], "file"), (["check", "-", "-"], "standard input"),
    (["check", "--nonsense", "x"], "--nonsense"), (["check", "--root", "", "x"], "--root"),
  ])
  func `is refused for its arguments`(arguments: [String], part: String) throws {
    expectUsageError(try dtfix(arguments), part)
  }

  @Test func `is refused for an architecture without core headers`() throws {
    let place = try Workplace()

    let result = try dtfix("check", "--arch", "z80", place.board)

    expectRefusal(result, 64, "--arch", "z80")
  }

  @Test(
    arguments: [("", 65, "not an ELF"), ("text", 65, "not an ELF")] as [(String, Int32, String)])
  func `is refused for what is no core header and no tree`(
    text: String, status: Int32, part: String
  ) throws {
    let place = try Workplace()
    try write(Array(text.utf8), to: place / "file")

    expectRefusal(try dtfix("check", place / "file"), status, "\(place / "file"): \(part)")
  }

  @Test func `is refused without its file, before anything is said of another`() throws {
    let place = try Workplace()
    let bad = try Fixtures.machine("arm64-virt-1g-6.1") + "/oracle/kexec-tools-elfcorehdr.bin"

    let result = try dtfix("check", bad, place / "none")

    expectRefusal(result, 66, "\(place / "none"): no such file")
  }

  @Test func `is refused without its machine`() throws {
    let place = try Workplace()

    let result = try dtfix("check", "--root", place / "none", place.board)

    expectRefusal(result, 66, "\(place / "none"): no such file")
  }

  @Test func `is refused for a machine that describes no memory`() throws {
    let place = try Workplace()

    let result = try dtfix("check", "--root", place.folder.path, place.board)

    expectRefusal(result, 69, "\(place / "proc/iomem"): lists no memory")
  }

  @Test func `is refused for a machine whose page size cannot be read`() throws {
    let place = try Workplace()
    try run("cp", ["-r", Fixtures.machine("arm64-virt-6.12-kf"), place / "machine"])
    try write(Array("nonsense\n".utf8), to: place / "machine/capture")

    let result = try dtfix("check", "--root", place / "machine", place.board)

    expectRefusal(result, 65, "\(place / "machine/capture"): line 1")
  }

  @Test func `tells that the page size is not known`() throws {
    let place = try Workplace()
    try run("cp", ["-r", Fixtures.machine("arm64-virt-6.12-kf"), place / "machine"])
    try run("rm", [place / "machine/proc/kcore"])

    let result = try dtfix("check", "--root", place / "machine", place.board)

    #expect(result.errors.contains("note: the page size is not known"))
  }

  @Test func `is refused for a machine that hides its addresses`() throws {
    let place = try Workplace()
    try run("mkdir", [place / "proc"])
    try write(Array("00000000-00000000 : System RAM\n".utf8), to: place / "proc/iomem")

    let result = try dtfix("check", "--root", place.folder.path, place.board)

    expectRefusal(result, 77, "\(place / "proc/iomem"): addresses are hidden")
    #expect(result.errors.contains("CAP_SYS_ADMIN"))
  }
}
