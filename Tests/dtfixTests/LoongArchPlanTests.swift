// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A plan from the command line for loongarch64` {
  @Test func `takes no tree, and shows what the next kernel gets`() throws {
    let place = try LoongArchPlace()

    let result = try place.plan("--for-crash", "--explain", "-o", place / "plan")

    #expect(result.status == 0, "\(result.errors)")
    #expect(
      try place.manifestNames() == ["kernel", "initrd", "cmdline", "elfcorehdr"])
    let line =
      "kexec_file mem=0x10000000@0xc0000000 elfcorehdr=0x1000@0xcfff0000 "
      + "initrd=0xc1a00000,0xc8 root=/dev/sda1 quiet"
    #expect(
      try contents(of: place / "plan/cmdline.bin")
        == Array(line.utf8) + [UInt8](repeating: 0, count: 4096 - line.utf8.count))
    for text in [
      "removed command line kexec: says that a loader wrote the last command line",
      "removed command line initrd=0x90000000,0x1234: where the last initrd was",
      "removed command line crashkernel=256M: is for the kernel that may crash",
      "added command line \"\(line)\": all of it [machine_kexec.c:machine_kexec_prepare]\n",
    ] {
      #expect(result.errors.contains(text), "\(result.errors)")
    }
  }

  @Test func `is shown, checked and drawn`() throws {
    let place = try LoongArchPlace()
    expectSilence(try place.plan("--for-kexec", "-o", place / "plan"))

    let check = try dtfix("check", "--root", place / "machine", place / "plan")
    let shown = try dtfix("show", place / "plan")
    let picture = try dtfix("map", "--root", place / "machine", "--plan", place / "plan")

    #expect(check.status == 0, "\(check.text)")
    #expect(check.text.contains("memory: by UEFI's memory map\n"))
    #expect(
      check.text.contains(": command line: \"kexec_file initrd=0x3c00000,0xc8 root=/dev/sda1"))
    #expect(shown.text.contains("segment cmdline 0x3c10000 0x4000 cmdline.bin\n"))
    #expect(picture.text.contains(" cmdline "))
  }

  @Test func `is found to be damaged`() throws {
    let place = try LoongArchPlace()
    try place.plan("--for-kexec", "-o", place / "plan")
    try run("truncate", ["-s", "100", place / "plan/cmdline.bin"])

    let check = try dtfix("check", "--root", place / "machine", place / "plan")

    #expect(check.status == 1)
    #expect(check.text.contains("cmdline: 100 bytes; the kernel copies 4096"))
  }

  /// Without `/proc/kcore`, the kernel that is started tells.
  @Test func `is made for a machine that does not tell what it is`() throws {
    let place = try LoongArchPlace()
    try run("rm", [place / "machine/proc/kcore"])

    expectSilence(try place.plan("--for-kexec", "--page-size", "16384", "-o", place / "plan"))

    #expect(try place.manifestNames() == ["kernel", "initrd", "cmdline"])
  }

  @Test(arguments: [
    (
      ["--command-line", "initrd=1,2"], 64 as Int32, "--command-line: the command line has initrd="
    ),
    (["--set", "/a:b=c"], 69, "no tree by kexec"),
    (["--reserve", "1M@1G"], 69, "takes no reservations"),
    (["-i", "any.dtb"], 64, "any.dtb: loongarch64: a LoongArch kernel"),
    (["--arch", "arm64"], 69, "fdt"),
  ])
  func `is refused`(options: [String], status: Int32, text: String) throws {
    let place = try LoongArchPlace()

    let result = try place.plan(["--for-kexec", "-o", place / "plan"] + options)

    expectRefusal(result, status, text)
  }

  @Test func `is what a machine without a tree is pointed to`() throws {
    let place = try LoongArchPlace()

    let result = try dtfix("--for-kexec", "--root", place / "machine")

    expectRefusal(result, 69, "machine: loongarch64: a LoongArch kernel gets everything")
    #expect(result.errors.hasSuffix("\ndtfix plan makes the command line\n"))
  }
}

/// A machine that nobody captured, made of the files that its kernel would have, and a kernel for it.
private struct LoongArchPlace {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try run("mkdir", ["-p", self / "machine/proc", self / "machine/sys/kernel"])
    try run("mkdir", ["-p", self / "machine/sys/devices/system/cpu/cpu0"])
    let files = [
      "proc/iomem": """
      00000000-0fffffff : System RAM
        00000000-001fffff : Reserved
        00200000-0141ffff : Kernel code
        01420000-0209a7ff : Kernel data
        0209a800-021ef3ff : Kernel bss
        0f000000-0f00ffff : Reserved
      90000000-17fffffff : System RAM
        c0000000-cfffffff : Crash kernel
      """,
      "proc/cmdline": "kexec initrd=0x90000000,0x1234 root=/dev/sda1 quiet crashkernel=256M",
      "sys/devices/system/cpu/cpu0/crash_notes": "9000a000",
      "sys/devices/system/cpu/cpu0/crash_notes_size": "512",
      "sys/kernel/vmcoreinfo": "0x90010000 1024",
    ]
    for (name, text) in files { try write(Array("\(text)\n".utf8), to: self / "machine/\(name)") }
    try write(Self.core, to: self / "machine/proc/kcore")
    try write(
      KernelBuilder.loongArchImage(kernelSize: 0x1a0_0000), to: self / "vmlinux.efi")
    try write([UInt8](repeating: 7, count: 200), to: self / "initrd")
  }

  static func / (place: LoongArchPlace, name: String) -> String { place.folder / name }

  @discardableResult
  func plan(_ options: [String]) throws -> ToolResult {
    try run(
      dtfixPath,
      ["plan", "--root", self / "machine", "--kernel", "vmlinux.efi", "--initrd", "initrd"]
        + options, in: folder.path)
  }

  @discardableResult
  func plan(_ options: String...) throws -> ToolResult { try plan(options) }

  /// The segments of the plan, as its manifest has them.
  func manifestNames() throws -> [String] {
    try String(decoding: contents(of: self / "plan/manifest"), as: UTF8.self)
      .split(separator: "\n").filter { $0.hasPrefix("segment ") }
      .map { String($0.split(separator: " ")[1]) }
  }

  /// `/proc/kcore` as far as its headers and notes go: a kernel with pages of 16 KiB.
  private static var core: [UInt8] {
    let text = Array("PAGESIZE=16384\n".utf8)
    let name = Array("VMCOREINFO\0\0".utf8)
    let note = [UInt32(11), UInt32(text.count), 0].flatMap { KernelBuilder.little($0) } + name
    var elf = KernelBuilder.ELF()
    elf.machine = 258
    elf.type = 4
    elf.segments = [
      .init(type: 4, virtual: 0, physical: 0, memorySize: 0, bytes: note + text + [0]),
      .init(virtual: 0x9000_0000_0000_0000, physical: 0, memorySize: 0x1000_0000),
      .init(virtual: 0x9000_0000_9000_0000, physical: 0x9000_0000, memorySize: 0xf000_0000),
    ]
    return elf.bytes
  }
}
