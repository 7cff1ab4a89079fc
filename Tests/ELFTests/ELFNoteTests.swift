// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import Testing

@Suite struct `The notes of an ELF file` {
  @Test(arguments: [ByteOrder.little, .big])
  func `are read in either byte order`(order: ByteOrder) throws {
    let builder = ELFBuilder(order: order)

    let notes = try self.notes(
      builder, builder.note("CORE", 1, [1, 2, 3]) + builder.note("VMCOREINFO", 0, Array(0..<64)))

    #expect(notes.map(\.name) == ["CORE", "VMCOREINFO"])
    #expect(notes.map(\.type) == [1, 0])
    #expect(notes.map(\.descriptor) == [[1, 2, 3], Array(0..<64)])
  }

  @Test(arguments: 0...9)
  func `have names of any length, padded`(length: Int) throws {
    let name = String(repeating: "n", count: length)
    let builder = ELFBuilder()

    let notes = try self.notes(
      builder, builder.note(name, 7, [9]) + builder.note("next", 8, [8, 8]))

    #expect(notes.map(\.name) == [name, "next"])
    #expect(notes.map(\.descriptor) == [[9], [8, 8]])
  }

  @Test(arguments: 0...9)
  func `have bytes of any number, padded`(count: Int) throws {
    let builder = ELFBuilder()

    let notes = try self.notes(
      builder,
      builder.note("a", 1, Array(repeating: 0xa5, count: count)) + builder.note("b", 2, [1]))

    #expect(notes.map(\.descriptor) == [Array(repeating: 0xa5, count: count), [1]])
  }

  @Test func `come from all segments of notes and no other`() throws {
    let builder = ELFBuilder()
    let file = ELFBuilder(segments: [
      (ProgramHeader.note, builder.note("first", 1, [])),
      (ProgramHeader.load, builder.note("load", 2, [])),
      (ProgramHeader.note, builder.note("second", 3, [])),
    ]).bytes

    let notes = try ELFFile(file.span).notes(in: file.span)

    #expect(notes.map(\.name) == ["first", "second"])
  }

  @Test(arguments: [0, 4, 11, 12, 24, 100])
  func `may be followed by zeros`(count: Int) throws {
    let builder = ELFBuilder()

    let notes = try self.notes(
      builder, builder.note("a", 1, [1]) + Array(repeating: 0, count: count))

    #expect(notes.map(\.name) == ["a"])
  }

  @Test(
    arguments: [(0xffff_ffff, 0), (0, 0xffff_ffff), (0xffff_ffff, 0xffff_ffff), (5, 0), (0, 1)]
      as [(UInt32, UInt32)])
  func `are refused when they pass the end`(nameSize: UInt32, size: UInt32) {
    let builder = ELFBuilder()
    let header = builder.integer(nameSize) + builder.integer(size) + builder.integer(UInt32(1))

    #expect(throws: FormatError.self) { try notes(builder, header) }
  }

  @Test func `that pass the end are reported by their place in the file`() throws {
    var builder = ELFBuilder()
    let first = builder.note("first", 1, [1])
    let second =
      builder.integer(UInt32(4)) + builder.integer(UInt32(100)) + builder.integer(UInt32(1))
    builder.segments = [(ProgramHeader.load, [1, 2, 3]), (ProgramHeader.note, first + second)]
    let bytes = builder.bytes

    let file = try ELFFile(bytes.span)

    let offset = 64 + 2 * 56 + 3 + first.count
    #expect(throws: FormatError.truncated(offset: offset, size: 12 + 4 + 100)) {
      try file.notes(in: bytes.span)
    }
  }

  @Test(
    arguments: [(.max, 1), (0, .max), (1 << 63, 1 << 63), (1000, 1), (64, 57)]
      as [(UInt64, UInt64)])
  func `are refused when their segment is not in the file`(offset: UInt64, size: UInt64) throws {
    let builder = ELFBuilder(segments: [(ProgramHeader.note, [])])
    var bytes = builder.bytes
    bytes.replaceSubrange(72..<80, with: builder.integer(offset))
    bytes.replaceSubrange(96..<104, with: builder.integer(size))

    let file = try ELFFile(bytes.span)

    #expect(throws: FormatError.self) { try file.notes(in: bytes.span) }
  }

  private func notes(_ builder: ELFBuilder, _ segment: [UInt8]) throws -> [ELFNote] {
    var builder = builder
    builder.segments = [(ProgramHeader.note, segment)]
    let file = builder.bytes
    return try ELFFile(file.span).notes(in: file.span)
  }
}
