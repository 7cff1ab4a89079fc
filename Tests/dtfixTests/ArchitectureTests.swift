// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The next kernel's architecture` {
  @Test(arguments: try Fixtures.boards().filter { $0.hasSuffix(".dtb") })
  func `is known from a board's CPUs`(board: String) throws {
    let result = try dtfix("--for-kexec", "-i", board, "--explain", "-o", "/dev/null")

    let expected =
      board.contains("/arm64-") ? "aarch64" : board.contains("/armhf-") ? "armv7l" : "riscv64"
    #expect(result.errors.contains(" bytes for \(expected); "))
  }

  @Test(arguments: machinesWithTrees)
  func `is known from a machine`(name: String) throws {
    let machine = try Fixtures.machine(name)

    let result = try dtfix("--for-kexec", "--root", machine, "--json", "-o", "/dev/null")

    let expected = name.hasPrefix("arm64") ? "aarch64" : "riscv64"
    #expect(try python(#"json["architecture"]"#, on: result) == expected)
  }

  @Test(arguments: ["arm64-virt-uefi-acpi-6.12", "riscv64-virt-6.12"])
  func `is known from the machine's kcore when the tree has no CPUs`(name: String) throws {
    let place = try Workplace("acpi-stub")
    let machine = try Fixtures.machine(name)

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--root", machine, "--json", "-o", "/dev/null")

    let expected = name.hasPrefix("arm64") ? "aarch64" : "riscv64"
    #expect(try python(#"json["architecture"]"#, on: result) == expected)
  }

  @Test func `is the running kernel's, whatever the tree describes`() throws {
    let place = try Workplace("qemu-riscv64-virt")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--root", capturedMachine, "--json", "-o", "/dev/null")

    #expect(try python(#"json["architecture"]"#, on: result) == "aarch64")
  }

  @Test func `may be one that is not known here`() throws {
    let place = try Workplace("acpi-stub")

    expectSilence(
      try dtfix("--for-kexec", "-i", place.board, "--arch", "other", "-o", "/dev/null"))
  }

  @Test func `must be said for a tree without CPUs`() throws {
    let place = try Workplace("acpi-stub")

    let untold = try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")
    let before = try place.files()
    let told = try dtfix("--for-kexec", "-i", place.board, "--arch", "arm64", "-o", "/dev/null")

    expectRefusal(untold, 64, place.board, "--arch")
    #expect(before.count == 1)
    expectSilence(told)
  }

  @Test func `must be said when a capture has no kcore either`() throws {
    let place = try Workplace("acpi-stub")
    try run("mkdir", ["-p", place / "sys/firmware", place / "proc"])
    try run("cp", [place.board, place / "sys/firmware/fdt"])
    try write(Array("quiet\n".utf8), to: place / "proc/cmdline")

    let result = try dtfix("--for-kexec", "--root", place.folder.path)

    expectRefusal(result, 64, place / "sys/firmware/fdt", "--arch")
  }

  @Test(arguments: [
    ("arm64", "aarch64"), ("aarch64", "aarch64"), ("riscv", "riscv64"), ("riscv64", "riscv64"),
    ("arm", "armv7l"), ("armhf", "armv7l"), ("armv7l", "armv7l"),
  ])
  func `goes by many names`(name: String, machineName: String) throws {
    let place = try Workplace("acpi-stub")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--arch", name, "--json", "-o", "/dev/null")

    #expect(try python(#"json["architecture"]"#, on: result) == machineName)
  }

  @Test(arguments: ["sparc", "AArch64", "x86", "arm64 "])
  func `is one that is known`(name: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--arch", name, "-o", place / "next.dtb")

    expectRefusal(result, 64, "--arch", name, "aarch64, riscv64")
    #expect(try place.names() == ["board.dtb"])
  }
}

@Suite struct `An architecture that takes no tree` {
  @Test(arguments: ["loongarch64", "loong64", "x86_64"])
  func `is given by name`(name: String) throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--arch", name)

    expectRefusal(result, 69, place.board, name == "x86_64" ? "device tree" : "kexec")
  }
}

@Suite struct `A tree of powerpc` {
  @Test(arguments: ["pseries-6.12", "pseries-7.2-kf"])
  func `is made for an ordinary kexec`(name: String) throws {
    let machine = try Fixtures.machine(name)
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "--root", machine, "--explain", "-o", place / "next.dtb")

    #expect(result.status == 0)
    #expect(result.errors.contains("RTAS, which the next kernel calls"))
    #expect(try run("fdtget", ["-l", place / "next.dtb", "/cpus"]).text.contains("POWER9@1"))
  }

  @Test func `is made for a crash kernel, which has to know where the backup is`() throws {
    let machine = try Fixtures.machine("pseries-7.2-kf")
    let place = try Workplace()
    let arguments = [
      "--for-crash", "--root", machine, "--elfcorehdr-at", "0x208e0000+0x1000", "-o",
      place / "next.dtb",
    ]

    let without = try dtfix(arguments)
    let below = try dtfix(arguments + ["--backup-at", "0x1000000"])
    let over = try dtfix(arguments + ["--backup-at", "0x208e0000"])
    let result = try dtfix(arguments + ["--backup-at", "0x208d0000"])

    expectRefusal(without, 64, "first 64 KiB")
    expectRefusal(below, 64, "--backup-at", "not in the main crash region")
    expectRefusal(over, 64, "--backup-at", "overlaps")
    expectSilence(result)
    let usable = try run(
      "fdtget", ["-t", "x", place / "next.dtb", "/memory@0", "linux,usable-memory"])
    #expect(usable.text == "0 0 0 38000000\n")
  }

  /// powerpc's tree knows all memory, and is kept up to date.
  @Test func `gives the memory where nothing else does`() throws {
    let machine = try Fixtures.machine("pseries-7.2-kf")
    let place = try Workplace()
    try run("cp", ["-r", machine, place / "machine"])
    try run("rm", [place / "machine/proc/iomem"])

    let result = try dtfix(
      "elfcorehdr", "--root", place / "machine", "--backup-at", "0x208d0000", "-o",
      place / "core.hdr")

    expectSilence(result)
    #expect(
      try contents(of: place / "core.hdr")
        == contents(of: machine + "/oracle/kernel-elfcorehdr.bin"))
  }

  @Test func `may lie in an archive`() throws {
    let machine = try Fixtures.machine("pseries-7.2-kf")
    let place = try Workplace()
    try run("cp", ["-r", machine, place / "machine"])
    try run("rm", ["-r", place / "machine/proc/device-tree"])
    let arguments = ["--for-crash", "--elfcorehdr-at", "0x208e0000+0x1000"]

    let trees = try [machine, place / "machine"].map { root in
      try dtfix(
        arguments + [
          "--root", root, "--backup-at", "0x208d0000", "--kaslr-seed", "none", "--rng-seed", "none",
          "-o", "-",
        ])
    }

    #expect(trees[0].status == 0 && !trees[0].output.isEmpty)
    #expect(trees[0].output == trees[1].output)
  }

  @Test func `is refused a backup on another architecture`() throws {
    let machine = try Fixtures.machine("arm64-virt-6.12-kf")
    let place = try Workplace()

    let result = try dtfix(
      "--for-crash", "--root", machine, "--elfcorehdr-at", "0x9d3f0000+0x1000", "--backup-at",
      "0x92000000", "-o", place / "next.dtb")

    expectRefusal(result, 64, "--backup-at", "aarch64 has none")
  }

  @Test func `is refused without CPUs`() throws {
    let place = try Workplace("qemu-ppc64-pseries")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--delete", "/cpus", "--arch", "ppc64", "-o",
      place / "next.dtb")

    expectRefusal(result, 64, "/cpus", "has no CPU")
  }
}

@Suite struct `The running kernel's page size` {
  @Test(arguments: ["4096", "16384", "65536"])
  func `can be said`(size: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--page-size", size, "-o", place / "next.dtb")

    expectSilence(result)
  }

  @Test(arguments: ["8192", "32768"])
  func `is one of three`(size: String) throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--page-size", size)

    expectUsageError(result, "--page-size", "4096, 16384 or 65536")
  }

  @Test(arguments: ["0", "1", "4095", "5000", "131072", "-4096", "4K", "0x1000", ""])
  func `is one that kernels have`(size: String) throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--page-size=\(size)")

    expectUsageError(result, "--page-size")
  }
}
