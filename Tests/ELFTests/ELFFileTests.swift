// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import Testing

@Suite struct `The headers of an ELF file` {
  @Test(arguments: [ByteOrder.little, .big])
  func `are read in either byte order`(order: ByteOrder) throws {
    let builder = ELFBuilder(
      order: order, machine: .ppc64,
      segments: [(ProgramHeader.note, [1, 2]), (ProgramHeader.load, [3])])

    let file = try ELFFile(builder.bytes.span)

    #expect(file.byteOrder == order)
    #expect(file.machine == .ppc64)
    let headers = file.programHeaders
    #expect(headers.map(\.type) == [4, 1])
    #expect(headers.map(\.offset) == [176, 178])
    #expect(headers.map(\.virtualAddress) == [0xffff_8000_0000_0000, 0xffff_8000_0000_0001])
    #expect(headers.map(\.physicalAddress) == [0x4000_0000, 0x4000_0001])
    #expect(headers.map(\.fileSize) == [2, 1])
    #expect(headers.map(\.memorySize) == [3, 2])
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `may have no segments, of any size`(order: ByteOrder) throws {
    let builder = ELFBuilder(order: order, entrySize: 0)

    #expect(try ELFFile(builder.bytes.span).programHeaders == [])
  }

  @Test(
    arguments: [
      (1, FormatError.unsupported(offset: 4, value: 1)), (0, .unsupported(offset: 4, value: 0)),
      (3, .unsupported(offset: 4, value: 3)),
    ] as [(UInt8, FormatError)])
  func `are refused unless they are 64-bit`(fileClass: UInt8, error: FormatError) {
    let builder = ELFBuilder(fileClass: fileClass)

    #expect(throws: error) { try ELFFile(builder.bytes.span) }
  }

  @Test(arguments: [0, 3, 255] as [UInt8])
  func `are refused in no byte order`(data: UInt8) {
    var bytes = ELFBuilder().bytes
    bytes[5] = data

    #expect(throws: FormatError.badValue(offset: 5, value: UInt64(data))) {
      try ELFFile(bytes.span)
    }
  }

  @Test(arguments: 0..<4)
  func `are refused without the magic number`(offset: Int) {
    var bytes = ELFBuilder().bytes
    bytes[offset] ^= 1

    #expect(throws: FormatError.badMagic(offset: 0)) { try ELFFile(bytes.span) }
  }

  @Test(arguments: [0, 32, 55, 57, 64] as [UInt16])
  func `are refused with program headers of another size`(size: UInt16) {
    let builder = ELFBuilder(entrySize: size, segments: [(1, [])])

    #expect(throws: FormatError.badValue(offset: 54, value: UInt64(size))) {
      try ELFFile(builder.bytes.span)
    }
  }

  @Test(arguments: [.max, 1 << 63, 1 << 62, 177, 73] as [UInt64], [ByteOrder.little, .big])
  func `are refused with program headers outside of the file`(offset: UInt64, order: ByteOrder) {
    let builder = ELFBuilder(order: order, segments: [(1, [])])
    var bytes = builder.bytes
    bytes.replaceSubrange(32..<40, with: builder.integer(offset))

    #expect(throws: FormatError.self) { try ELFFile(bytes.span) }
  }
}

@Suite struct `An ELF file cut short` {
  private static let builder = ELFBuilder(segments: [
    (ProgramHeader.note, ELFBuilder().note("CORE", 1, [1, 2, 3, 4, 5]))
  ])

  @Test(arguments: 0..<(64 + 48))
  func `is refused within its headers`(size: Int) {
    let bytes = Array(Self.builder.bytes.prefix(size))

    #expect(throws: FormatError.self) { try ELFFile(bytes.span) }
  }

  @Test(arguments: (64 + 48)..<(64 + 56))
  func `is refused within the alignment of its last program header`(size: Int) {
    let bytes = Array(Self.builder.bytes.prefix(size))

    #expect(throws: FormatError.self) { try ELFFile(bytes.span) }
  }

  @Test(arguments: (64 + 56)..<(64 + 56 + 28))
  func `is refused within its notes`(size: Int) throws {
    let bytes = Array(Self.builder.bytes.prefix(size))

    let file = try ELFFile(bytes.span)

    #expect(throws: FormatError.truncated(offset: 64 + 56, size: 28)) {
      try file.notes(in: bytes.span)
    }
  }

  @Test func `is whole at its full length`() throws {
    let bytes = Self.builder.bytes

    #expect(bytes.count == 64 + 56 + 28)
    #expect(try ELFFile(bytes.span).notes(in: bytes.span).count == 1)
  }
}

@Suite struct `An ELF file with a wrong byte` {
  /// Reading such a file ends: with facts or with an error of the format, never with a trap.
  @Test(arguments: 0..<(64 + 56 + 28), [0x00, 0x01, 0x80, 0xff] as [UInt8])
  func `is read or refused`(offset: Int, value: UInt8) {
    var bytes = ELFBuilder(segments: [
      (ProgramHeader.note, ELFBuilder().note("CORE", 1, [1, 2, 3, 4, 5]))
    ]).bytes
    bytes[offset] = value

    let notes = Result { () throws(FormatError) in
      try ELFFile(bytes.span).notes(in: bytes.span)
    }

    #expect((try? notes.get())?.allSatisfy { $0.descriptor.count <= bytes.count } != false)
  }
}
