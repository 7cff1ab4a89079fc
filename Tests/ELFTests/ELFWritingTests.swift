// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import TestSupport
import Testing

private let machines: [Machine] = [.arm64, .riscv, .ppc64, .loongarch, .x86_64, .arm]

@Suite struct `The headers of a core file` {
  @Test(arguments: [ByteOrder.little, .big])
  func `are read as they were written`(order: ByteOrder) throws {
    let file = try ELFFile(coreOf: .arm64, order, distinctHeaders)

    let read = try ELFFile(file.bytes.span)

    #expect(read == file)
    #expect(read.programHeaders == distinctHeaders)
    #expect(read.byteOrder == order)
    #expect(read.header.type == ELFHeader.core)
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `have each field where the System V ABI has it`(order: ByteOrder) throws {
    let builder = ELFBuilder(
      order: order, machine: .ppc64,
      segments: [(ProgramHeader.note, [1, 2]), (ProgramHeader.load, [3])])
    let expected = builder.bytes.prefix(64 + 2 * 56)

    let headers = [(ProgramHeader.note, UInt64(176), UInt64(2)), (ProgramHeader.load, 178, 1)]
      .enumerated().map { index, segment in
        ProgramHeader(
          type: segment.0, flags: 7, offset: segment.1,
          virtualAddress: 0xffff_8000_0000_0000 + UInt64(index),
          physicalAddress: 0x4000_0000 + UInt64(index), fileSize: segment.2,
          memorySize: segment.2 + 1)
      }
    let file = try ELFFile(coreOf: .ppc64, order, headers)

    #expect(file.bytes == Array(expected))
  }

  @Test(arguments: [ByteOrder.little, .big], machines)
  func `are read by readelf without a warning`(order: ByteOrder, machine: Machine) throws {
    let folder = try TemporaryFolder()
    try write(ELFFile(coreOf: machine, order, distinctHeaders).bytes, to: folder / "core")

    let result = try run("readelf", ["-hlW", folder / "core"])

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.text.contains("CORE (Core file)"))
    #expect(result.text.contains("\(order == .little ? "little" : "big") endian"))
    #expect(result.text.contains(#/LOAD +0x004000 +0x1122334455667788 0x0000000040000000/#))
  }

  @Test(.enabled(if: hasLLVM), arguments: [ByteOrder.little, .big], machines)
  func `are read by LLVM's readelf without a warning`(order: ByteOrder, machine: Machine) throws {
    let folder = try TemporaryFolder()
    try write(ELFFile(coreOf: machine, order, distinctHeaders).bytes, to: folder / "core")

    let result = try run("llvm-readelf", ["-hlW", folder / "core"])

    #expect(result.status == 0)
    // The first segment of notes is in the memory of the crashed machine, not in this file.
    let errors = result.errors.split(separator: "\n").filter { !$0.contains("PT_NOTE") }
    #expect(errors == [])
    #expect(result.text.contains("CORE (Core file)"))
  }

  @Test func `may have no program headers`() throws {
    let file = try ELFFile(coreOf: .arm64, .little, [])

    #expect(file.bytes.count == 64)
    #expect(try ELFFile(file.bytes.span) == file)
  }

  @Test func `count 65534 program headers`() throws {
    let file = try ELFFile(
      coreOf: .arm64, .little, Array(repeating: distinctHeaders[1], count: 0xfffe))

    #expect(file.bytes.count == 64 + 0xfffe * 56)
    #expect(try ELFFile(file.bytes.span).programHeaders.count == 0xfffe)
  }

  @Test(arguments: [0xffff, 0x10000])
  func `do not count 65535, which means that they are counted elsewhere`(count: Int) {
    let headers = Array(repeating: distinctHeaders[0], count: count)

    #expect(throws: FormatError.tooMany("program headers", count: count, limit: 0xfffe)) {
      try ELFFile(coreOf: .arm64, .little, headers)
    }
    #expect(throws: FormatError.tooMany("program headers", count: count, limit: 0xfffe)) {
      try ELFHeader(coreOf: .arm64, .little, programHeaderCount: count)
    }
  }
}

/// Program headers in which no two fields are the same.
private let distinctHeaders = [
  ProgramHeader(
    type: ProgramHeader.note, flags: 0, offset: 0x3000, virtualAddress: 0,
    physicalAddress: 0x3000, fileSize: 0x1a8, memorySize: 0x1a9),
  ProgramHeader(
    type: ProgramHeader.load, flags: 7, offset: 0x4000, virtualAddress: 0x1122_3344_5566_7788,
    physicalAddress: 0x4000_0000, fileSize: 0x1_0000_0001, memorySize: 0x2_0000_0002, alignment: 4),
]

/// Whether this machine has LLVM's readelf, which is not needed for anything else.
private let hasLLVM = (try? run("llvm-readelf", ["--version"]).status) == 0
