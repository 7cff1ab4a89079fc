// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Foundation
import Kexec
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `The head of /proc/kcore` {
  @Test(
    arguments: [
      (21, "ppc64le"), (40, nil), (62, "x86_64"), (183, "aarch64"), (243, "riscv64"),
      (258, "loongarch64"), (0, nil), (3, nil), (0xffff, nil),
    ] as [(UInt16, String?)])
  func `tells the architecture`(machine: UInt16, name: String?) throws {
    var core = try capturedCore()
    core.replaceSubrange(18..<20, with: [UInt8(machine & 0xff), UInt8(machine >> 8)])

    #expect(try kernel(core).architectureName() == name)
  }

  @Test func `of a 32-bit kernel tells nothing`() throws {
    var core = try capturedCore()
    core[4] = 1

    #expect(try kernel(core).architectureName() == nil)
    #expect(try kernel(core).pageSize() == nil)
  }

  @Test(
    arguments: [
      ("PAGESIZE=4096", "PAGESIZE=8192", 8192), ("PAGESIZE=4096", "PAGESIZE=zero", nil),
      ("PAGESIZE=4096", "PAGESIZE=-409", nil), ("PAGESIZE=4096", "PAGESIZE=0000", nil),
      ("PAGESIZE=4096", "PAGESIZE=4095", nil), ("PAGESIZE=4096", "pagesize=4096", nil),
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
      ([0x7f, 0x45, 0x4c, 0x46, 3, 1], .unsupported(offset: 4, value: 3)),
      ([0x7f, 0x45, 0x4c, 0x46, 2, 1], .truncated(offset: 0, size: 64)),
    ] as [([UInt8], FormatError)])
  func `is refused when it is none`(bytes: [UInt8], reason: FormatError) throws {
    let folder = try machineFolder(["proc/kcore": bytes])
    let machine = RunningKernel(root: FilePath(folder.path))
    let expected = MachineError.malformed(FilePath(folder / "proc/kcore"), reason)

    #expect(throws: KexecError(expected)) { try machine.pageSize() }
    #expect(throws: KexecError(expected)) { try machine.architectureName() }
  }

  @Test func `is read where it is, in a file of terabytes`() throws {
    let core = try capturedCore()
    let (offset, size) = (1 << 42, 0x1c44)
    var head = Array(core.prefix(0x158))
    head.replaceSubrange(72..<80, with: littleEndian(UInt64(offset)))
    let folder = try machineFolder(["proc/kcore": head])
    let file = try #require(FileHandle(forWritingAtPath: folder / "proc/kcore"))
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: Data(core[0x158..<0x158 + size]))
    try file.truncate(atOffset: 1 << 43)
    try file.close()

    let machine = RunningKernel(root: FilePath(folder.path))

    #expect(try machine.pageSize() == 4096)
    #expect(try machine.architectureName() == "aarch64")
  }

  @Test(
    arguments: [
      (100, .truncated(offset: 64, size: 5 * 56)), (343, .truncated(offset: 64, size: 5 * 56)),
      (344, .truncated(offset: 0x158, size: 0x1c44)),
      (0x158 + 0x1c43, .truncated(offset: 0x158, size: 0x1c44)),
    ] as [(Int, FormatError)])
  func `is refused when it is cut short`(size: Int, reason: FormatError) throws {
    let machine = try kernel(Array(try capturedCore().prefix(size)))

    #expect(throws: KexecError(MachineError.malformed(machine.path, reason))) {
      try machine.pageSize()
    }
  }

  @Test(
    arguments: [
      (16 << 20, .truncated(offset: 0x158, size: 16 << 20)),
      (16 << 20 + 1, .unsupported(offset: 0x158, value: 16 << 20 + 1)),
      (1 << 62, .unsupported(offset: 0x158, value: 1 << 62)),
      (.max, .truncated(offset: 0x158, size: .max)),
    ] as [(UInt64, FormatError)])
  func `is refused with more notes than any kernel writes`(
    size: UInt64, reason: FormatError
  ) throws {
    var core = try capturedCore()
    core.replaceSubrange(96..<104, with: littleEndian(size))
    let machine = try kernel(core)

    #expect(throws: KexecError(MachineError.malformed(machine.path, reason))) {
      try machine.pageSize()
    }
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
  var path: FilePath { FilePath(folder / "proc/kcore") }
}

private func littleEndian(_ value: UInt64) -> [UInt8] {
  (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}
