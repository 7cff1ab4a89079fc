// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `A capture that is not complete` {
  @Test func `has no facts that nothing tells`() throws {
    let folder = try TemporaryFolder()
    let machine = RunningKernel(root: FilePath(folder.path))

    #expect(try machine.pageSize() == nil)
    #expect(try machine.architectureName() == nil)
    #expect(try machine.memoryMap() == nil)
  }

  @Test func `lacks its tree, and says what that means`() throws {
    let folder = try TemporaryFolder()
    let machine = RunningKernel(root: FilePath(folder.path))

    let error = #expect(throws: MachineError.self) { try machine.flatTree() }

    guard case .missing(let path, let advice?) = error else {
      Issue.record("not missing: \(String(describing: error))")
      return
    }
    #expect(path.string == folder / "sys/firmware/fdt")
    #expect(advice.contains("without a device tree"))
  }

  @Test func `lacks its command line`() throws {
    let folder = try TemporaryFolder()
    let machine = RunningKernel(root: FilePath(folder.path))

    #expect(throws: MachineError.missing(FilePath(folder / "proc/cmdline"), advice: nil)) {
      try machine.commandLine()
    }
  }

  @Test func `hides its memory map`() throws {
    let text = "00000000-00000000 : System RAM\n  00000000-00000000 : reserved\n"
    let folder = try machineFolder(["proc/iomem": Array(text.utf8)])

    let map = try #require(try RunningKernel(root: FilePath(folder.path)).memoryMap())

    #expect(map.isHidden && !map.isEmpty)
    #expect(map.entries.map(\.name) == ["System RAM", "reserved"])
    #expect(map.systemRAM == [] && map.reserved == [])
  }

  @Test func `has nothing in its memory map`() throws {
    let folder = try machineFolder(["proc/iomem": []])

    let map = try #require(try RunningKernel(root: FilePath(folder.path)).memoryMap())

    #expect(map.isEmpty && !map.isHidden)
  }

  @Test func `has a bad memory map, and says where`() throws {
    let folder = try machineFolder(["proc/iomem": Array("0-1 : fine\nSystem RAM\n".utf8)])
    let path = FilePath(folder / "proc/iomem")

    #expect(throws: MachineError.malformedLine(path, line: 2, text: "System RAM")) {
      try RunningKernel(root: FilePath(folder.path)).memoryMap()
    }
  }
}

@Suite struct `The head of /proc/kcore` {
  @Test(
    arguments: [
      (21, "ppc64le"), (40, "armv7l"), (62, "x86_64"), (183, "aarch64"), (243, "riscv64"),
      (258, "loongarch64"), (0, nil), (3, nil), (0xffff, nil),
    ] as [(UInt16, String?)])
  func `tells the architecture`(machine: UInt16, name: String?) throws {
    var core = try capturedCore()
    core.replaceSubrange(18..<20, with: [UInt8(machine & 0xff), UInt8(machine >> 8)])

    #expect(try kernel(core).architectureName() == name)
  }

  @Test(
    arguments: [
      ("PAGESIZE=4096", "PAGESIZE=8192", 8192), ("PAGESIZE=4096", "PAGESIZE=zero", nil),
      ("PAGESIZE=4096", "PAGESIZE=-409", nil), ("PAGESIZE=4096", "pagesize=4096", nil),
      ("VMCOREINFO", "vmcoreinfo", nil), ("PAGESIZE=", "PAGESIZE-", nil),
    ] as [(String, String, UInt64?)])
  func `tells the page size`(text: String, other: String, size: UInt64?) throws {
    let core = try capturedCore().replacing(text.utf8, with: other.utf8)

    #expect(try kernel(core).pageSize() == size)
  }

  @Test(
    arguments: [
      ([], FormatError.truncated(offset: 0, size: 4)),
      (Array("no ELF file".utf8), .badMagic(offset: 0)),
      ([0x7f, 0x45, 0x4c, 0x46, 1, 1], .unsupported(offset: 4, value: 1)),
      ([0x7f, 0x45, 0x4c, 0x46, 2, 1], .truncated(offset: 18, size: 2)),
    ] as [([UInt8], FormatError)])
  func `is refused when it is none`(bytes: [UInt8], reason: FormatError) throws {
    let folder = try machineFolder(["proc/kcore": bytes])
    let machine = RunningKernel(root: FilePath(folder.path))
    let expected = MachineError.malformed(FilePath(folder / "proc/kcore"), reason)

    #expect(throws: expected) { try machine.pageSize() }
    #expect(throws: expected) { try machine.architectureName() }
  }

  private func capturedCore() throws -> [UInt8] {
    try contents(of: Fixtures.machine("arm64-virt-6.12-kf") + "/proc/kcore")
  }

  private func kernel(_ core: [UInt8]) throws -> CoreMachine {
    CoreMachine(folder: try machineFolder(["proc/kcore": core]))
  }
}

/// A machine that has nothing but its core, and keeps its folder.
private struct CoreMachine {
  let folder: TemporaryFolder
  private var kernel: RunningKernel { RunningKernel(root: FilePath(folder.path)) }

  init(folder: TemporaryFolder) { self.folder = folder }

  func architectureName() throws -> String? { try kernel.architectureName() }
  func pageSize() throws -> UInt64? { try kernel.pageSize() }
}

/// A folder with these files.
private func machineFolder(_ files: [String: [UInt8]]) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  try run("mkdir", ["-p", folder / "proc", folder / "sys/firmware"])
  for (name, bytes) in files { try write(bytes, to: folder / name) }
  return folder
}
