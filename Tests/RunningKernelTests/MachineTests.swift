// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage
import TestSupport
import Testing

/// The captured machines with a tree and the architecture of each, as `uname -m` named it there.
private let machinesWithTrees = [
  ("arm64-virt-1g-6.1", "aarch64"), ("arm64-virt-2g-6.12-kf", "aarch64"),
  ("arm64-virt-6.12", "aarch64"), ("arm64-virt-6.12-kf", "aarch64"),
  ("arm64-virt-6g-highlow-6.12-kf", "aarch64"), ("arm64-virt-uefi-acpi-6.12", "aarch64"),
  ("arm64-virt-uefi-dt-6.12-kf", "aarch64"), ("pseries-6.12", "ppc64le"),
  ("pseries-7.2-kf", "ppc64le"), ("riscv64-virt-6.12", "riscv64"),
  ("riscv64-virt-7.2-kf", "riscv64"),
]

/// All captured machines.
private let machines =
  machinesWithTrees + [
    ("x86_64-q35-6.1", "x86_64"), ("x86_64-q35-6g-high-6.1", "x86_64"),
    ("x86_64-q35-hotplug-6.12", "x86_64"), ("x86_64-q35-la57-6.12", "x86_64"),
  ]

@Suite struct `A captured machine` {
  @Test(arguments: machines)
  func `tells its architecture and page size`(name: String, architecture: String) throws {
    let folder = try Fixtures.machine(name)
    let machine = RunningKernel(root: FilePath(folder))

    let pageSize = String(decoding: try contents(of: folder + "/pagesize"), as: UTF8.self)
    #expect(try machine.architectureName() == architecture)
    #expect(try machine.pageSize() == UInt64(pageSize.filter(\.isNumber)))
    #expect(!machine.isLive)
  }

  @Test(arguments: machinesWithTrees.map(\.0))
  func `gives its tree, byte by byte`(name: String) throws {
    let folder = try Fixtures.machine(name)
    let machine = RunningKernel(root: FilePath(folder))

    #expect(try machine.flatTree() == contents(of: folder + "/sys/firmware/fdt"))
    #expect(machine.flatTreePath.string == folder + "/sys/firmware/fdt")
  }

  @Test(arguments: machines.map(\.0))
  func `gives its command line without the newline`(name: String) throws {
    let folder = try Fixtures.machine(name)
    let machine = RunningKernel(root: FilePath(folder))

    let line = try machine.commandLine()

    #expect(try line + [0x0a] == contents(of: folder + "/proc/cmdline"))
    #expect(line.starts(with: Array("console=".utf8)))
  }

  @Test(arguments: machines.map(\.0))
  func `gives its memory map, line by line`(name: String) throws {
    let folder = try Fixtures.machine(name)
    let machine = RunningKernel(root: FilePath(folder))

    let map = try #require(try machine.memoryMap())

    let text = String(decoding: try contents(of: folder + "/proc/iomem"), as: UTF8.self)
    #expect(map.entries.map(\.line).joined() == text)
    #expect(!map.systemRAM.isEmpty)
    #expect(!map.isHidden && !map.isEmpty)
  }

  @Test func `has the RAM that it was given`() throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine("arm64-virt-6.12-kf")))

    let map = try #require(try machine.memoryMap())

    let ram = map.ranges(named: "System RAM")
    #expect(ram == [PhysicalRange(start: 0x4000_0000, size: 1536 << 20)])
    #expect(map.ranges(named: "Crash kernel") == [PhysicalRange(text: "0x91400000-0x9d3fffff")])
    #expect(map.ranges(named: "reserved").count == 11)
    #expect(map.ranges(named: "no such name") == [])
    #expect(map.systemRAM == ram)
    #expect(map.reserved == map.ranges(named: "reserved"))
  }

  @Test(
    arguments: [
      ("arm64-virt-6.12-kf", "reserved", 11), ("riscv64-virt-7.2-kf", "Reserved", 12),
      ("pseries-7.2-kf", "reserved", 0), ("x86_64-q35-6.1", "Reserved", 8),
    ] as [(String, String, Int)])
  func `tells what is reserved, as its architecture spells it`(
    name: String, spelling: String, count: Int
  ) throws {
    let machine = RunningKernel(root: FilePath(try Fixtures.machine(name)))

    let map = try #require(try machine.memoryMap())

    #expect(map.reserved.count == count)
    #expect(map.reserved == map.ranges(named: spelling))
  }
}

@Suite struct `This machine` {
  @Test(arguments: ["/", "//", "/.", "/./", "/proc/..", "/../"] as [FilePath])
  func `is the one of the root folder`(root: FilePath) {
    #expect(RunningKernel(root: root).isLive)
  }

  @Test(arguments: ["", ".", "/proc", "proc/..", "/proc/1/root"] as [FilePath])
  func `is no other`(root: FilePath) {
    #expect(!RunningKernel(root: root).isLive)
  }

  @Test func `tells its architecture and page size`() throws {
    let machine = RunningKernel()

    let (name, size) = (try run("uname", ["-m"]).text, try run("getconf", ["PAGESIZE"]).text)
    #expect(try machine.architectureName() == name.filter { $0 != "\n" })
    #expect(try machine.pageSize() == UInt64(size.filter(\.isNumber)))
  }

  /// By another name it is read like a capture: from its live /proc/kcore, where the kernel has one
  /// and gives it to this process.
  @Test func `tells the same by another name, or nothing, or why`() throws {
    let (machine, other) = (RunningKernel(), RunningKernel(root: "/proc/self/root"))
    do {
      let (name, size) = (try other.architectureName(), try other.pageSize())

      #expect(try (name == nil && size == nil) || (name, size) == machine.nameAndPageSize())
    } catch MachineError.notPermitted(let path, let advice) {
      #expect(path == "/proc/self/root/proc/kcore")
      #expect(advice == .coreIsForRoot)
    }
  }

  @Test func `tells its command line`() throws {
    let text = try contents(of: "/proc/cmdline")

    #expect(
      try RunningKernel().commandLine() == Array(text.last == 0x0a ? text.dropLast() : text[...]))
  }
}

extension RunningKernel {
  fileprivate func nameAndPageSize() throws -> (String?, UInt64?) {
    (try architectureName(), try pageSize())
  }
}

extension MemoryMap.Entry {
  /// The line that the kernel printed.
  fileprivate var line: String {
    String(
      format: "%@%08lx-%08lx : %@\n", String(repeating: "  ", count: level), start, lastByte, name)
  }
}
