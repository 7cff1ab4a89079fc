// SPDX-License-Identifier: Apache-2.0

import Kexec
import TestSupport
import Testing

@Suite struct `A dry run` {
  @Test func `shows what would be loaded where, how and why`() throws {
    let place = try Workplace()

    let result = try loader(
      "load", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel, "--initrd",
      place.initrd)

    #expect(result.status == 0, "\(result.errors)")
    let lines = result.text.split(separator: "\n")
    #expect(lines.first == "kexec_load: it is not known whether the machine has kexec_file_load")
    #expect(lines.last == "nothing was loaded")
    #expect(
      Set(lines.dropFirst().dropLast().compactMap { $0.split(separator: " ").first })
        == ["kernel", "initrd", "trampoline", "dtb", "entry"])
    #expect(lines.contains { $0.hasPrefix("initrd ") && $0.hasSuffix(" 9 bytes of 4096") })
  }

  @Test func `of a crash kernel has a core header, all in the crash region`() throws {
    let place = try Workplace()

    let result = try loader(
      "load-crash", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel)

    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text.contains("\nkernel        0x914"))
    #expect(result.text.contains("\nelfcorehdr    0x9d3f0000-0x9d3f0fff, 4096 bytes of 4096\n"))
  }

  /// The places of the plan of a pseries machine: `Tests/KexecTests/PlacementOracleTests.swift`.
  @Test func `of a crash kernel for powerpc has a backup, and keeps off the firmware`() throws {
    let kernel = KernelBuilder.ppc64Kernel(size: 0x83_ae9c, memorySize: 0x8d_0000)
    let place = try Workplace(kernel: kernel)

    let result = try loader(
      "load-crash", "--dry-run", "--root", Fixtures.machine("pseries-7.2-kf"), "--kernel",
      place.kernel)

    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text.contains("\nbackup        0x208d0000-0x208dffff, 0 bytes of 65536\n"))
    #expect(result.text.contains("\ntrampoline    0x37ff0000-0x37ffffff, 440 bytes of 65536\n"))
  }

  @Test func `opens a packed kernel`() throws {
    let kernel = KernelBuilder.arm64Image(size: 30_000, imageSize: 0x2_0000)
    let payload = try run("zstd", ["-c"], input: kernel).output
    let place = try Workplace(kernel: KernelBuilder.zboot("zstd", payload: payload, size: 30_000))

    let result = try loader(
      "load", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel)

    #expect(result.text.contains(", 30000 bytes of 131072\n"), "\(result.errors)")
  }

  @Test func `by kexec_file_load shows the command line`() throws {
    let place = try Workplace()

    let result = try loader(
      "load-crash", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel, "--append",
      "nr_cpus=1", "--call", "kexec_file_load")

    #expect(
      result.text == """
        kexec_file_load: requested
        kernel        10000 bytes
        command line  console=ttyAMA0 loglevel=5 panic=10 nr_cpus=1
        nothing was loaded

        """)
  }

  @Test func `takes what a unified image brings with it`() throws {
    let place = try Workplace(
      kernel: KernelBuilder.program(sections: [
        (".linux", KernelBuilder.arm64Image()), (".cmdline", Array("quiet ro\n\0".utf8)),
        (".initrd", [1, 2, 3]),
      ]))

    let result = try loader(
      "load", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel, "--append", "debug",
      "--call", "kexec_file_load")

    #expect(
      result.text == """
        kexec_file_load: requested
        kernel        10000 bytes
        initrd        3 bytes
        command line  quiet ro debug
        nothing was loaded

        """, "\(result.errors)")
  }

  @Test func `with a tree and an overlay of one's own is planned, and says why`() throws {
    let place = try Workplace()
    try write(Fixtures.blob("qemu-arm64-virt"), to: place / "board.dtb")
    let overlay = try Fixtures.compile("/dts-v1/; /plugin/; &{/} { from-overlay; };", "-@")
    try write(overlay, to: place / "one.dtbo")

    let result = try loader(
      "load", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel, "--dtb",
      place / "board.dtb", "--overlay", place / "one.dtbo")

    #expect(
      result.text.hasPrefix("kexec_load: kexec_file_load takes no tree: \(place / "board.dtb")\n"),
      "\(result.errors)")
    #expect(result.text.contains("\ndtb  "))
  }

  @Test func `takes a plan of dtfix as it is`() throws {
    let place = try Workplace()
    let plan = try place.plan()

    let result = try loader("load", "--dry-run", "--root", capturedMachine, "--plan", plan)

    let manifest = try String(decoding: contents(of: plan + "/manifest"), as: UTF8.self)
    let entry = try #require(manifest.split(separator: "\n").first { $0.hasPrefix("entry ") })
    #expect(result.text.hasPrefix("kexec_load: a plan is segments, not files\n"))
    #expect(result.text.contains("entry         " + entry.dropFirst(6) + "\n"))
  }
}

@Suite struct `The loader refuses` {
  @Test(arguments: [
    [], ["lead"], ["load"], ["load", "--kernel"], ["load", "--kernal", "x"],
    ["load", "--kernel", "x", "--plan", "y"], ["load", "--plan", "y", "--append", "quiet"],
    ["load", "--plan", "y", "--dtb", "x"], ["load", "--kernel", "x", "--extra", "y"],
    ["load", "--kernel", "x", "--dtb", "y", "--merge-dtb", "z"], ["load", "--plan", "y", "--ima"],
    ["load", "--plan", "y", "--overlay", "x"],
    ["load", "--plan", "y", "--call", "kexec_file_load"], ["load", "--initrd", "x"],
    ["load", "--kernel", "x", "--call", "reboot"], ["load", "--kernel", "x", "--root", "/"],
    ["unload", "--dry-run"], ["execute", "--root", "/"], ["status", "--kernel", "x"],
  ])
  func `what it does not understand`(arguments: [String]) throws {
    let result = try run(programs + "/kexec-loader", arguments)

    expectRefusal(result, 64)
    #expect(result.errors.hasSuffix("\nsee kexec-loader --help\n"))
  }

  @Test(arguments: ["--kernel", "--plan"])
  func `files that are not there`(option: String) throws {
    let place = try Workplace()

    let result = try loader("load", "--dry-run", option, place / "nowhere")

    expectRefusal(result, 66, place / "nowhere", "no such file")
  }

  @Test func `a file that is no kernel`() throws {
    let place = try Workplace(kernel: Array("no kernel".utf8))

    expectRefusal(try loader("load", "--dry-run", "--kernel", place.kernel), 65, "not a kernel")
  }

  @Test(arguments: ["kexec_load", "kexec_file_load"])
  func `a kernel for another machine`(call: String) throws {
    let place = try Workplace(kernel: KernelBuilder.riscvImage())

    let result = try loader(
      "load-crash", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel, "--call",
      call)

    expectRefusal(result, 65, "a kernel for riscv64 on a machine of aarch64")
  }

  @Test func `a tree for kexec_file_load`() throws {
    let place = try Workplace()
    try write(Fixtures.blob("qemu-arm64-virt"), to: place / "board.dtb")

    let result = try loader(
      "load", "--dry-run", "--root", capturedMachine, "--kernel", place.kernel, "--dtb",
      place / "board.dtb", "--call", "kexec_file_load")

    expectRefusal(result, 64, "kexec_file_load takes no tree: \(place / "board.dtb")")
  }

  /// To try it on a machine with lockdown, a copy of the captured one gets the file that says so.
  @Test func `a tree where lockdown allows signed kernels only`() throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("mkdir", ["-p", place / "machine/sys/kernel/security"])
    try write(
      Array("none [integrity] confidentiality\n".utf8),
      to: place / "machine/sys/kernel/security/lockdown")
    try write(Fixtures.blob("qemu-arm64-virt"), to: place / "board.dtb")

    let result = try loader(
      "load", "--dry-run", "--root", place / "machine", "--kernel", place.kernel, "--dtb",
      place / "board.dtb")

    expectRefusal(result, 77, "takes no tree", "lockdown (integrity) forbids kexec_load")
  }

  @Test(arguments: [("load", true), ("load-crash", false)])
  func `a plan for something else`(command: String, isForCrash: Bool) throws {
    let place = try Workplace()
    let plan = try place.plan(forCrash: isForCrash)

    let result = try loader(command, "--dry-run", "--root", capturedMachine, "--plan", plan)

    expectRefusal(result, 64, "the plan is for \(isForCrash ? "load-crash" : "load")")
  }

  @Test func `a plan for another machine`() throws {
    let place = try Workplace()
    let other = try Fixtures.machine("arm64-virt-2g-6.12-kf")

    let result = try loader(
      "load-crash", "--dry-run", "--root", other, "--plan", try place.plan(forCrash: true))

    expectRefusal(result, 65, "the plan is not for this machine: ")
    #expect(result.errors.hasSuffix("\nmake a new one: dtfix plan\n"))
  }

  @Test func `a plan that was changed`() throws {
    let place = try Workplace()
    let plan = try place.plan()
    var trampoline = try contents(of: plan + "/trampoline.bin")
    trampoline[24] ^= 1
    try write(trampoline, to: plan + "/trampoline.bin")

    let result = try loader("load", "--dry-run", "--root", capturedMachine, "--plan", plan)

    expectRefusal(result, 65, "kernel: no Image begins at the entry")
  }
}
