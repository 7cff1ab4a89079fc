// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// A note of a `PT_NOTE` segment: a name, a type and bytes.
public struct ELFNote: Hashable, Sendable {
  /// The owner of the type, without the NUL: `CORE`, `VMCOREINFO`.
  public let name: String
  /// The type of the bytes, by the numbers of the owner.
  public let type: UInt32
  /// The bytes.
  public let descriptor: [UInt8]

  /// `NT_TASKSTRUCT` of `CORE`: the reading process, in `/proc/kcore` (`include/uapi/linux/elf.h`).
  package static let taskStruct: UInt32 = 4
}

extension ELFFile {
  /// The notes of all `PT_NOTE` segments of a whole file, in its order.
  ///
  /// - Throws: `FormatError.truncated` when a segment passes the end of the file, or
  ///   a note that of its segment; `badValue` when segments share bytes and have more than the file.
  public func notes(in file: Span<UInt8>) throws(FormatError) -> [ELFNote] {
    var notes: [ELFNote] = []
    var room = file.count
    for segment in programHeaders where segment.type == ProgramHeader.note && segment.fileSize > 0 {
      let range = try segment.fileRange()
      guard range.upperBound <= file.count else {
        throw .truncated(offset: range.lowerBound, size: range.count)
      }
      // Segments that share bytes would multiply them.
      guard range.count <= room else {
        throw .badValue(offset: range.lowerBound, value: segment.fileSize)
      }
      room -= range.count
      notes += try self.notes(of: segment, bytes: file.extracting(range))
    }
    return notes
  }

  /// The notes of one segment, from the bytes of its ``ProgramHeader/fileRange()``.
  ///
  /// Sizes are padded to 4 bytes, as Linux writes them. A note of two zero sizes is padding.
  ///
  /// - Throws: `FormatError.truncated` when there are fewer bytes, and when a note
  ///   passes the end of the segment.
  public func notes(
    of segment: ProgramHeader, bytes: Span<UInt8>
  ) throws(FormatError) -> [ELFNote] {
    var notes: [ELFNote] = []
    for (name, type, descriptor) in try layout(ofNotes: segment, bytes: bytes) {
      let descriptor = bytes.extracting(descriptor).array
      notes.append(ELFNote(name: name, type: type, descriptor: descriptor))
    }
    return notes
  }

  /// The notes of one segment with the ranges of their descriptors, from the start of the segment.
  package func layout(
    ofNotes segment: ProgramHeader, bytes: Span<UInt8>
  ) throws(FormatError) -> [(name: String, type: UInt32, descriptor: Range<Int>)] {
    let range = try segment.fileRange()
    guard bytes.count >= range.count else {
      throw .truncated(offset: range.lowerBound, size: range.count)
    }
    var notes: [(name: String, type: UInt32, descriptor: Range<Int>)] = []
    var offset = 0
    while range.count - offset >= 12 {
      let nameSize = Int(try bytes.integer(UInt32.self, at: offset, byteOrder))
      let descriptorSize = Int(try bytes.integer(UInt32.self, at: offset + 4, byteOrder))
      let type = try bytes.integer(UInt32.self, at: offset + 8, byteOrder)
      let descriptorStart = offset + 12 + (nameSize + 3) & ~3
      let end = descriptorStart + (descriptorSize + 3) & ~3
      guard end <= range.count else {
        throw .truncated(offset: range.lowerBound + offset, size: end - offset)
      }
      if (nameSize, descriptorSize) != (0, 0) {
        let name = bytes.text(offset + 12..<offset + 12 + nameSize, until: 0)
        notes.append((name, type, descriptorStart..<descriptorStart + descriptorSize))
      }
      offset = end
    }
    return notes
  }
}
