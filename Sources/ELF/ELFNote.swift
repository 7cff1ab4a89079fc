// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// One note of a `PT_NOTE` segment: a name, a type and bytes.
public struct ELFNote: Hashable, Sendable {
  /// Who defined the type, without the NUL: `CORE`, `VMCOREINFO`.
  public let name: String
  /// What the bytes are, in the numbering of `name`.
  public let type: UInt32
  /// The bytes.
  public let descriptor: [UInt8]
}

extension ELFFile {
  /// The notes of all `PT_NOTE` segments that lie in the file, in its order.
  ///
  /// Sizes are padded to 4 bytes, as Linux writes them. A note of three zero words is padding.
  ///
  /// - Throws: ``FormatError/truncated(offset:size:)`` when a note passes the end of its segment or
  ///   of the file.
  public func notes(in file: Span<UInt8>) throws(FormatError) -> [ELFNote] {
    var notes: [ELFNote] = []
    for segment in programHeaders where segment.type == ProgramHeader.note {
      guard let start = Int(exactly: segment.offset), let size = Int(exactly: segment.fileSize),
        start <= file.count, size <= file.count - start
      else {
        throw .truncated(offset: file.count, size: Int(clamping: segment.fileSize))
      }
      notes += try self.notes(ofSegment: file.extracting(start..<start + size))
    }
    return notes
  }

  private func notes(ofSegment segment: Span<UInt8>) throws(FormatError) -> [ELFNote] {
    var notes: [ELFNote] = []
    var offset = 0
    while segment.count - offset >= 12 {
      let nameSize = Int(try segment.integer(UInt32.self, at: offset, byteOrder))
      let descriptorSize = Int(try segment.integer(UInt32.self, at: offset + 4, byteOrder))
      let type = try segment.integer(UInt32.self, at: offset + 8, byteOrder)
      let descriptorStart = offset + 12 + (nameSize + 3) & ~3
      let end = descriptorStart + (descriptorSize + 3) & ~3
      guard end <= segment.count else { throw .truncated(offset: offset, size: end - offset) }
      if (nameSize, descriptorSize) != (0, 0) {
        let name = segment.bytes(offset + 12..<offset + 12 + nameSize).prefix { $0 != 0 }
        notes.append(
          ELFNote(
            name: String(decoding: name, as: UTF8.self), type: type,
            descriptor: segment.bytes(descriptorStart..<descriptorStart + descriptorSize)))
      }
      offset = end
    }
    return notes
  }
}

extension Span<UInt8> {
  fileprivate func bytes(_ range: Range<Int>) -> [UInt8] {
    range.map { self[$0] }
  }
}
