// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct `A plan from the command line` {
  /// The places are those that the kernel of this machine chose, for a kernel and an initrd of these
  /// sizes: `oracle/info.txt`. The trampoline is ours.
  @Test func `is a layout that can be read before anything is loaded`() throws {
    let place = try PlanPlace()

    let crash = try place.plan("--for-crash")
    let normal = try place.plan("--for-kexec")

    #expect(crash.status == 0)
    #expect(crash.errors == "")
    #expect(
      crash.text == """
        kernel      0x91400000-0x91a9ffff  6492672 bytes of 6946816
        initrd      0x91aa0000-0x91c99fff  2071480 bytes of 2072576
        trampoline  0x91ca0000-0x91ca0fff  40 bytes      of 4096
        dtb         0x9d200000-0x9d201fff  8069 bytes    of 8192
        elfcorehdr  0x9d3f0000-0x9d3f0fff  4096 bytes    of 4096
        entry 0x91ca0000

        """)
    #expect(normal.text.hasPrefix("kernel      0x40a00000-0x4109ffff"))
    #expect(try place.names() == ["Image", "initrd"])
  }

  /// The kernels of riscv put `elfcorehdr=` in front of the command line, which may be nothing else.
  @Test func `is made for a crash kernel without a command line`() throws {
    let place = try PlanPlace()
    try write(KernelBuilder.riscvImage(), to: place / "riscv")

    let result = try dtfix(
      [
        "plan", "--for-crash", "--root", Fixtures.machine("riscv64-virt-7.2-kf"), "--kernel",
        place / "riscv", "--no-command-line", "-o", place / "plan",
      ])
    let plan = try dtfix(["check", place / "plan"])
    let tree = try dtfix(["check", "--for-crash", place / "plan/dtb.bin"])

    #expect(result.status == 0, "\(result.errors)")
    #expect(!plan.text.contains("elfcorehdr=, which wins"))
    #expect(!tree.text.contains("elfcorehdr=, which wins"))
  }

  @Test func `is a folder for a loader, and its owner's alone`() throws {
    let place = try PlanPlace()

    let result = try place.plan("--for-crash", "-o", place / "plan")

    expectSilence(result)
    #expect(
      try place.names("plan") == [
        "dtb.bin", "elfcorehdr.bin", "initrd.bin", "kernel.bin", "manifest", "plan.json",
        "trampoline.bin",
      ])
    #expect(
      try run("find", [place / "plan", "-printf", "%m "]).text.split(separator: " ").sorted()
        == Array(repeating: "600", count: 7) + ["700"])
    #expect(
      try String(decoding: contents(of: place / "plan/manifest"), as: UTF8.self) == """
        dtfix-plan 1
        arch aarch64
        type crash
        entry 0x91ca0000
        flags 0x1
        segment kernel 0x91400000 0x6a0000 kernel.bin
        segment initrd 0x91aa0000 0x1fa000 initrd.bin
        segment trampoline 0x91ca0000 0x1000 trampoline.bin
        segment dtb 0x9d200000 0x2000 dtb.bin
        segment elfcorehdr 0x9d3f0000 0x1000 elfcorehdr.bin

        """)
    #expect(try dtfix("show", place / "plan").output == contents(of: place / "plan/manifest"))
    #expect(
      try python(
        "[s['name'] for s in json['segments']]", on: dtfix("show", "--json", place / "plan"))
        == "['kernel', 'initrd', 'trampoline', 'dtb', 'elfcorehdr']")
    #expect(try contents(of: place / "plan/kernel.bin") == contents(of: place / "Image"))
    #expect(
      try contents(of: place / "plan/elfcorehdr.bin")
        == contents(of: capturedMachine + "/oracle/kernel-elfcorehdr.bin"))
    #expect(
      try fdtget(place / "plan/dtb.bin", "/chosen", "linux,usable-memory-range", as: "x")
        == "0 91400000 0 c000000")
  }

  @Test func `takes the place of an older plan, and of nothing else`() throws {
    let place = try PlanPlace()
    try place.plan("--for-crash", "-o", place / "plan")
    try run("mkdir", [place / "empty", place / "other"])
    try write([1], to: place / "other/file")

    try run("ln", ["-s", "plan", place / "link"])
    try run("cp", ["-r", place / "plan", place / "more"])
    try write([1], to: place / "more/mine")
    try run("mkdir", [place / "app"])
    try write(Array("manifest of something else".utf8), to: place / "app/manifest")

    expectSilence(try place.plan("--for-kexec", "-o", place / "link"))
    expectSilence(try place.plan("--for-kexec", "-o", place / "empty"))
    expectRefusal(
      try place.plan("--for-kexec", "-o", place / "more"), 73, place / "more", "contains mine")
    #expect(try place.names("more").count == 8)
    for name in ["other", "Image", "app"] {
      expectRefusal(
        try place.plan("--for-kexec", "-o", place / name), 73, place / name, "not a plan folder")
    }

    #expect(try place.names("plan").contains("elfcorehdr.bin") == false)
    #expect(try place.names("empty") == place.names("plan"))
    #expect(
      try place.names() == ["Image", "app", "empty", "initrd", "link", "more", "other", "plan"])
  }

  @Test func `tells why everything is where it is`() throws {
    let place = try PlanPlace()

    let result = try place.plan("--for-crash", "--explain")
    let json = try place.plan("--for-crash", "--json")

    for line in [
      "kernel text 0xffffa8cd91800000 at 0x40200000-0x4089ffff: from /proc/kcore",
      "placed device tree at 0x9d200000-0x9d201fff: the highest free multiple of 0x200000 "
        + "[machine_kexec_file.c:load_other_segments]",
      "added reservation 0x91aa0000-0x91c99bb7: the initrd, to its exact size "
        + "[kexec.c:of_kexec_alloc_and_setup_fdt]",
    ] {
      #expect(result.errors.contains(line + "\n"))
    }
    #expect(
      try python("[(s['name'], s['start']) for s in json['segments']][:2]", on: json)
        == "[('kernel', '0x91400000'), ('initrd', '0x91aa0000')]")
    #expect(try python("(json['type'], json['version'])", on: json) == "('crash', 1)")
  }

  /// `init/initramfs.c`: each archive begins at a multiple of 4.
  @Test func `has several initrds as one`() throws {
    let place = try PlanPlace()
    try write([1, 2, 3, 4, 5], to: place / "one")
    try write([6, 7], to: place / "two")

    try dtfix(
      "plan", "--for-kexec", "--root", capturedMachine, "--kernel", place / "Image", "--initrd",
      place / "one", "--initrd", place / "two", "-o", place / "plan")

    #expect(try contents(of: place / "plan/initrd.bin") == [1, 2, 3, 4, 5, 0, 0, 0, 6, 7])
  }

  @Test func `has the initrd and the command line of a unified image, unless given`() throws {
    let place = try PlanPlace()
    let sections = [
      (".linux", try contents(of: place / "Image")), (".initrd", [9, 9, 9, 9]),
      (".cmdline", Array("from=uki\n".utf8)),
    ]
    try write(KernelBuilder.program(sections: sections), to: place / "linux.efi")
    func plan(_ options: String...) throws -> (line: String?, initrd: [UInt8]) {
      try dtfix(
        ["plan", "--for-kexec", "--root", capturedMachine, "--kernel", place / "linux.efi", "-o"]
          + [place / "plan"] + options)
      return (
        try fdtget(place / "plan/dtb.bin", "/chosen", "bootargs"),
        try contents(of: place / "plan/initrd.bin")
      )
    }

    let own = try plan("--append", "debug")
    let other = try plan("--command-line", "mine", "--initrd", place / "initrd")
    let running = try plan("--reuse-cmdline")

    #expect(own == ("from=uki debug", [9, 9, 9, 9]))
    #expect(other.line == "mine")
    #expect(other.initrd.count == 0x1f_9bb8)
    #expect(running.line?.contains("console=ttyAMA0") == true)
  }

  @Test func `is made for a board that is not there`() throws {
    let place = try PlanPlace()
    try write(Fixtures.blob("qemu-arm64-virt"), to: place / "board.dtb")

    let result = try dtfix(
      "plan", "--for-kexec", "-i", place / "board.dtb", "--kernel", place / "Image",
      "--command-line", "console=ttyAMA0")

    #expect(result.status == 0, "\(result.errors)")
    #expect(result.text.contains("dtb "))
    expectUsageError(
      try dtfix("plan", "--for-crash", "-i", place / "board.dtb", "--kernel", place / "Image"),
      "--root")
  }

  @Test func `is drawn`() throws {
    let place = try PlanPlace()
    try place.plan("--for-crash", "-o", place / "plan")

    let result = try dtfix("map", "--root", capturedMachine, "--plan", place / "plan")

    for name in ["kernel", "initrd", "trampoline", "dtb", "elfcorehdr"] {
      #expect(result.text.contains(" \(name) "))
    }
    expectRefusal(
      try dtfix("map", "--root", capturedMachine, "--plan", place / "no"), 66, place / "no")
  }
}

@Suite struct `A plan is refused` {
  @Test(
    arguments: [
      (["--kernel", "none"], 66, "none: no such file"), (["--kernel", "text"], 65, "not a kernel"),
      (["--kernel", "riscv"], 65, "a kernel for riscv64 on a machine of aarch64"),
      (["--kernel", "bzImage"], 69, "is not supported"),
      (["--kernel", "Image", "--initrd", "empty"], 65, "empty: an empty initrd"),
      (["--kernel", "Image", "--initrd", "none"], 66, "none: no such file"),
      (["--kernel", "huge"], 69, "no room for the kernel"),
      (["--kernel", "Image", "--profile", "1"], 64, "profile"),
      (["--kernel", "Image", "--arch", "arm"], 69, "no kexec is planned"),
      (["--kernel", "Image", "-o", "text"], 73, "not a plan folder"),
      (["--kernel", "Image", "-o", "no/where"], 73, "no/where"),
      (["--kernel", "Image", "-o", ""], 64, "not empty"),
      (["--kernel", "Image", "--kaslr-seed", "some"], 64, "seed"),
    ] as [([String], Int32, String)])
  func `in one line`(options: [String], status: Int32, text: String) throws {
    let place = try PlanPlace()
    try write(Array("text".utf8), to: place / "text")
    try write([], to: place / "empty")
    try write(KernelBuilder.riscvImage(), to: place / "riscv")
    try write(KernelBuilder.bzImage(), to: place / "bzImage")
    try write(KernelBuilder.arm64Image(imageSize: 3 << 30), to: place / "huge")
    let before = try place.names()

    let result = try run(
      dtfixPath, ["plan", "--for-kexec", "--root", capturedMachine] + options,
      in: place.folder.path)

    expectRefusal(result, status, text)
    #expect(try place.names() == before)
  }

  @Test(arguments: [
    ("sed -i 's/[0-9a-f]*-[0-9a-f]*/00000000-00000000/' proc/iomem", 77 as Int32, "CAP_SYS_ADMIN"),
    ("sed -i '/Crash kernel/d' proc/iomem", 69, "no memory is set apart"),
    ("rm proc/iomem", 69, "iomem"), ("rm sys/kernel/vmcoreinfo", 69, "no vmcoreinfo note"),
    ("rm -r sys/devices/system/cpu", 69, "no register notes"),
    ("rm sys/firmware/fdt", 69, "fdt"), ("truncate -s 100 sys/firmware/fdt", 65, "fdt"),
    ("sed -i 's/9d3fffff : Crash/915fffff : Crash/' proc/iomem", 69, "no room for the kernel"),
  ])
  func `for a machine that does not tell`(damage: String, status: Int32, text: String) throws {
    let place = try PlanPlace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    let change = try run("bash", ["-ec", damage], in: place / "machine")
    try #require(change.status == 0, "\(change.errors)")

    let result = try dtfix(
      "plan", "--for-crash", "--root", place / "machine", "--kernel", place / "Image")

    expectRefusal(result, status, text)
  }

  @Test(arguments: [
    (["plan"], "--kernel"), (["plan", "--kernel", "x"], "--for-kexec or --for-crash"),
    (["plan", "--for-kexec", "--for-crash", "--kernel", "x"], "--for-kexec or --for-crash"),
    (["plan", "--for-kexec", "--kernel", "x", "--initrd-at", "1M@1G"], "--initrd-at"),
  ])
  func `for wrong arguments`(arguments: [String], part: String) throws {
    expectUsageError(try dtfix(arguments), part)
  }
}

@Suite struct `A plan's folder under check` {
  @Test(arguments: ["--for-kexec", "--for-crash"])
  func `passes, and says what the next kernel will believe`(job: String) throws {
    let place = try PlanPlace()
    try place.plan(job, "-o", place / "plan", "--append", "debug")

    let result = try dtfix("check", "--root", capturedMachine, place / "plan")

    let isForCrash = job == "--for-crash"
    #expect(result.status == 0, "\(result.text)")
    #expect(result.errors == "")
    for line in [
      "memory: \(isForCrash ? "0x91400000-0x9d3fffff" : "0x40000000-0x9fffffff")",
      "elfcorehdr: \(isForCrash ? "0x9d3f0000-0x9d3f0fff" : "none, so no /proc/vmcore")",
      "command line: \"console=ttyAMA0 loglevel=5 panic=10\(isForCrash ? "" : " crashkernel=192M") debug\"",
      "kaslr-seed: 8 bytes", "rng-seed: 128 bytes",
    ] {
      #expect(result.text.contains("\(place / "plan"): \(line)\n"))
    }
  }

  @Test func `is found to be for another machine`() throws {
    let place = try PlanPlace()
    try place.plan("--for-kexec", "-o", place / "plan")

    let result = try dtfix(
      "check", "--json", "--root", Fixtures.machine("riscv64-virt-7.2-kf"), place / "plan")

    #expect(result.status == 1)
    let texts = try python("[f['text'] for f in json['findings']]", on: result)
    #expect(texts.contains("aarch64, on a machine of another architecture"))
    #expect(texts.contains("0x40a00000-0x4109ffff is not all RAM"))
    #expect(try python("len(json['beliefs'])", on: result) == "7")
  }

  @Test(arguments: [
    ("rm manifest", 66 as Int32, "manifest"), ("rm dtb.bin", 66, "dtb.bin"),
    ("echo x >> manifest", 65, "manifest: line 10"),
    ("printf 'dtfix-plan 1\\n' > manifest", 65, "manifest: line 2"),
    ("sed -i 's/dtb.bin/..\\/dtb.bin/' manifest", 65, "manifest: line 9"),
    ("rm dtb.bin; mkfifo dtb.bin", 66, "dtb.bin"),
    ("head -c 100000 /dev/zero > manifest", 65, "manifest"),
  ])
  func `is refused when it is none`(damage: String, status: Int32, text: String) throws {
    let place = try PlanPlace()
    try place.plan("--for-kexec", "-o", place / "plan")
    try run("bash", ["-ec", damage], in: place / "plan")

    expectRefusal(try dtfix("check", place / "plan"), status, text)
  }
}

/// A kernel and an initrd of the sizes that were loaded on the captured machine.
private struct PlanPlace {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try write(
      KernelBuilder.arm64Image(size: 0x63_1200, imageSize: 0x6a_0000), to: folder / "Image")
    try write([0x1f, 0x8b] + [UInt8](repeating: 0, count: 0x1f_9bb8 - 2), to: folder / "initrd")
  }

  static func / (place: PlanPlace, name: String) -> String { place.folder / name }

  @discardableResult
  func plan(_ options: String...) throws -> ToolResult {
    try dtfix(
      ["plan", "--root", capturedMachine, "--kernel", self / "Image", "--initrd", self / "initrd"]
        + options)
  }

  func names(_ name: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path + "/" + name).sorted()
  }
}
