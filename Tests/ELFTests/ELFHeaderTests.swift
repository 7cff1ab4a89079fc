// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import Testing

@Suite struct `The header of an ELF file` {
  @Test(arguments: [ByteOrder.little, .big])
  func `tells where the program headers are`(order: ByteOrder) throws {
    let builder = ELFBuilder(
      order: order, machine: .ppc64,
      segments: [(ProgramHeader.note, [1]), (ProgramHeader.load, [2])])
    let bytes = builder.bytes.prefix(ELFHeader.size)

    let header = try ELFHeader(bytes.span)

    #expect(header.byteOrder == order)
    #expect(header.machine == .ppc64)
    #expect(header.programHeaderRange == 64..<64 + 2 * 56)
  }

  @Test(arguments: 0..<64)
  func `is refused when it is cut short`(size: Int) {
    let bytes = Array(ELFBuilder().bytes.prefix(size))

    #expect(throws: FormatError.self) { try ELFHeader(bytes.span) }
  }

  @Test(arguments: [(0xfffe, 0xfffe * 56), (0xffff, nil)] as [(UInt16, Int?)])
  func `counts less than 65535 program headers`(count: UInt16, size: Int?) throws {
    let builder = ELFBuilder()
    var bytes = builder.bytes
    bytes.replaceSubrange(56..<58, with: builder.integer(count))

    let header = Result { () throws(FormatError) in try ELFHeader(bytes.span) }

    #expect((try? header.get())?.programHeaderRange.count == size)
    if size == nil {
      #expect(throws: FormatError.unsupported(offset: 56, value: 0xffff)) { try header.get() }
    }
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `is enough to read the rest piece by piece`(order: ByteOrder) throws {
    let builder = ELFBuilder(order: order)
    let bytes = ELFBuilder(
      order: order,
      segments: [
        (ProgramHeader.note, builder.note("a", 1, [1])), (ProgramHeader.load, [1, 2, 3]),
        (ProgramHeader.note, builder.note("b", 2, [2]) + builder.note("c", 3, [])),
      ]
    ).bytes

    let start = bytes[..<ELFHeader.size]
    let header = try ELFHeader(start.span)
    let table = bytes[header.programHeaderRange]
    let file = try ELFFile(header, programHeaders: table.span)
    let segments = file.programHeaders.filter { $0.type == ProgramHeader.note }
    let notes = try segments.flatMap {
      let segment = bytes[try $0.fileRange()]
      return try file.notes(of: $0, bytes: segment.span)
    }

    #expect(try file == ELFFile(bytes.span))
    #expect(try notes == file.notes(in: bytes.span))
    #expect(notes.map(\.name) == ["a", "b", "c"])
  }
}
