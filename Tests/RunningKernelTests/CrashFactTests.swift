// SPDX-License-Identifier: Apache-2.0

import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `What a machine says for its crash` {
  @Test(arguments: [
    ("arm64-virt-6g-highlow-6.12-kf", ["0x199e00000-0x1b9dfffff", "0xfb000000-0xfeffffff"]),
    ("riscv64-virt-7.2-kf", ["0xefe00000-0xffdfffff"]),
    ("pseries-7.2-kf", ["0x20000000-0x37ffffff"]),
    ("x86_64-q35-6g-high-6.1", ["0x1ef000000-0x1feffffff", "0x6f000000-0x7effffff"]),
  ])
  func `has the crash regions, the main one first`(name: String, regions: [String]) throws {
    #expect(try machine(name).crashRegions().map(\.description) == regions)
  }

  @Test func `has the crash regions of /proc/iomem, and those of its tree without them`() throws {
    let folder = try TemporaryFolder()
    try run("cp", ["-r", Fixtures.machine("pseries-7.2-kf"), folder / "machine"])
    let machine = RunningKernel(root: FilePath(folder / "machine"))
    let own = try machine.crashRegions()

    try write(Array("1000-1fff : Crash kernel\n".utf8), to: folder / "machine/proc/iomem")
    let listed = try machine.crashRegions()
    try run("rm", [folder / "machine/proc/iomem"])

    #expect(own.map(\.description) == ["0x20000000-0x37ffffff"])
    #expect(listed.map(\.description) == ["0x1000-0x1fff"])
    #expect(try machine.crashRegions() == own)
  }

  @Test func `has RTAS, where there is one`() throws {
    #expect(
      try machine("pseries-7.2-kf").firmwareMemory().map(\.description) == [
        "0x2fff0000-0x2fff083b"
      ])
    #expect(try machine("arm64-virt-6.12-kf").firmwareMemory() == [])
  }

  @Test func `has the notes of the CPUs in the order of their numbers`() throws {
    let folder = try TemporaryFolder()
    for (cpu, start) in [("cpu10", "a000"), ("cpu9", "9000"), ("cpu0", "1000")] {
      try add("sys/devices/system/cpu/\(cpu)/crash_notes", start + "\n", to: folder)
      try add("sys/devices/system/cpu/\(cpu)/crash_notes_size", "424\n", to: folder)
    }
    try add("sys/devices/system/cpu/cpu5/online", "0\n", to: folder)
    try add("sys/devices/system/cpu/cpufreq/crash_notes", "1\n", to: folder)

    let notes = try RunningKernel(root: FilePath(folder.path)).cpuNotes()

    #expect(notes.map(\.start) == [0x1000, 0x9000, 0xa000])
    #expect(notes.allSatisfy { $0.size == 424 })
  }

  @Test(
    arguments: [
      ("0", 1), ("0-3", 4), ("0,2", 2), ("0-1,4,6-9", 7), ("8191", 1),
    ] as [(String, Int)])
  func `has the CPUs that are possible`(list: String, count: Int) throws {
    let folder = try TemporaryFolder()
    try add("sys/devices/system/cpu/possible", list + "\n", to: folder)

    #expect(try RunningKernel(root: FilePath(folder.path)).possibleCPUCount() == count)
  }

  @Test(arguments: ["", "x", "-1", "1-", "3-1", "0-1-2", "0,,1", "0,", "0-1048576", "0 1"])
  func `is refused for a list of CPUs that is none`(list: String) throws {
    let folder = try TemporaryFolder()
    try add("sys/devices/system/cpu/possible", list + "\n", to: folder)

    #expect(throws: MachineError.self) {
      try RunningKernel(root: FilePath(folder.path)).possibleCPUCount()
    }
  }

  @Test func `may not tell what CPUs are possible`() throws {
    #expect(try RunningKernel(root: FilePath(TemporaryFolder().path)).possibleCPUCount() == nil)
  }

  @Test(arguments: [
    ("90000000-9fffffff\n", ["0x90000000-0x9fffffff"]), ("", []),
    ("00001000-00001fff\n100000000-1ffffffff\n", ["0x1000-0x1fff", "0x100000000-0x1ffffffff"]),
  ])
  func `has the ranges lent until the crash`(text: String, ranges: [String]) throws {
    let folder = try TemporaryFolder()
    try add("sys/kernel/kexec/crash_cma_ranges", text, to: folder)

    let found = try RunningKernel(root: FilePath(folder.path)).crashCMARanges()

    #expect(found.map(\.description) == ranges)
  }

  @Test(arguments: ["junk\n", "1000\n", "2000-1000\n", "0x1000-0x2000\n", "1000-2000-3000\n"])
  func `is refused in one line`(text: String) throws {
    let folder = try TemporaryFolder()
    try add("sys/kernel/kexec/crash_cma_ranges", "1000-1fff\n" + text, to: folder)
    let file = FilePath(folder / "sys/kernel/kexec/crash_cma_ranges")

    #expect(throws: MachineError.malformedLine(file, line: 2, text: String(text.dropLast()))) {
      try RunningKernel(root: FilePath(folder.path)).crashCMARanges()
    }
  }

  @Test(
    arguments: [
      ("chosen/linux,crashkernel-base", [0, 0, 0]), ("rtas/linux,rtas-base", [1, 2, 3, 4, 5]),
    ] as [(String, [UInt8])])
  func `is refused with a property of no number's size`(property: String, bytes: [UInt8]) throws {
    let folder = try TemporaryFolder()
    try add("proc/device-tree/" + property, "", to: folder)
    try write(bytes, to: folder / "proc/device-tree/\(property)")
    let machine = RunningKernel(root: FilePath(folder.path))

    let facts = machine.snapshot(of: [.crashRegions, .firmware])

    #expect(throws: KexecError.self) {
      _ = (try facts.$crashRegions.ifPresent, try facts.$firmware.ifPresent)
    }
  }

  private func machine(_ name: String) throws -> RunningKernel {
    RunningKernel(root: FilePath(try Fixtures.machine(name)))
  }
}

@Suite struct `The firmware's memory map` {
  @Test func `comes in the firmware's order`() throws {
    let folder = try TemporaryFolder()
    let entries = [
      ("0", "0x0", "0x9fbff", "System RAM"), ("1", "0x9fc00", "0x9ffff", "Reserved"),
      ("10", "0x100000000", "0x17fffffff", "System RAM"),
      ("2", "0x1000000", "0x1ffffff", "ACPI Tables"),
    ]
    for (number, start, end, type) in entries {
      for (name, text) in [("start", start), ("end", end), ("type", type)] {
        try add("sys/firmware/memmap/\(number)/\(name)", text + "\n", to: folder)
      }
    }

    let map = try RunningKernel(root: FilePath(folder.path)).firmwareMemoryMap()

    #expect(map.map(\.type) == ["System RAM", "Reserved", "ACPI Tables", "System RAM"])
    #expect(map.map(\.range.description).last == "0x100000000-0x17fffffff")
  }

  /// The kernel prints it as `/proc/iomem`, where it has taken the first page for itself
  /// (`arch/x86/kernel/setup.c:trim_bios_range`) and the firmware's `Reserved` may lie in a device's.
  @Test(arguments: ["x86_64-q35-6.1", "x86_64-q35-6g-high-6.1", "x86_64-q35-la57-6.12"])
  func `is what the kernel's own is made of`(name: String) throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))
    let firstPage = try #require(PhysicalRange(start: 0, size: 4096))

    let firmware = Dictionary(grouping: try machine.firmwareMemoryMap(), by: \.type)
      .mapValues { $0.map(\.range) }

    let kernel = try #require(try machine.memoryMap())
    let ram = try #require(firmware["System RAM"]).subtracting(PhysicalRangeSet([firstPage]))
    #expect(Set(firmware.keys) == ["System RAM", "Reserved"])
    #expect(ram == kernel.systemRAM)
    #expect(kernel.reserved == [firstPage] + (firmware["Reserved"] ?? []))
  }

  @Test func `is empty where there is none`() throws {
    #expect(try RunningKernel(root: FilePath(TemporaryFolder().path)).firmwareMemoryMap() == [])
  }
}

/// Writes a file of a machine, and the folders above it.
private func add(_ path: String, _ text: String, to folder: TemporaryFolder) throws {
  let place = folder / path
  try run("mkdir", ["-p", String(place.prefix(upTo: place.lastIndex(of: "/") ?? place.endIndex))])
  try write(Array(text.utf8), to: place)
}
