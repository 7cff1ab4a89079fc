// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

extension KernelCore {
  /// The most bytes that a head may have: the notes behind 65,000 program headers.
  private static let headLimit = noteLimit + 4 << 20

  /// The bytes up to the end of the notes: an ELF file that reads as the whole one does, whose memory is
  /// not there.
  ///
  /// A note of the reading process, `NT_TASKSTRUCT` (`fs/proc/kcore.c:read_kcore_iter`), is overwritten
  /// with zeros: in it are kernel addresses, the key of the stack protector, and on arm64 those of pointer
  /// authentication.
  ///
  /// - Parameter read: the bytes of a range, fewer where the file ends.
  /// - Returns: the head, and how many bytes of such notes are zeros in it.
  static func head(
    read: (Range<Int>) throws -> [UInt8]
  ) throws -> (bytes: [UInt8], taskSize: Int) {
    var end = ELFHeader.size
    for _ in 1...8 {
      var bytes = try read(0..<end)
      guard bytes.count == end else {
        throw FormatError.truncated(offset: bytes.count, size: end - bytes.count)
      }
      let needed = try neededSize(of: bytes)
      guard needed <= headLimit else {
        throw FormatError.unsupported(offset: end, value: UInt64(needed))
      }
      // Program headers come and go with memory: all of it is of one reading.
      guard needed == end else {
        end = needed
        continue
      }
      let taskSize = try wipeTasks(in: &bytes)
      return (bytes, taskSize)
    }
    throw FormatError.badValue(offset: 0, value: UInt64(end))
  }

  /// How many bytes it takes, as far as the bytes at its start tell.
  private static func neededSize(of start: [UInt8]) throws(FormatError) -> Int {
    let header = try ELFHeader(start.span)
    let table = header.programHeaderRange
    guard table.upperBound <= start.count else { return table.upperBound }
    let file = try ELFFile(start.span)
    var end = max(ELFHeader.size, table.upperBound)
    for segment in file.programHeaders where segment.type == ProgramHeader.note {
      end = max(end, try segment.fileRange().upperBound)
    }
    return end
  }

  private static func wipeTasks(in bytes: inout [UInt8]) throws(FormatError) -> Int {
    let file = try ELFFile(bytes.span)
    var size = 0
    for segment in file.programHeaders where segment.type == ProgramHeader.note {
      let range = try segment.fileRange()
      let notes = try file.layout(ofNotes: segment, bytes: bytes.span.extracting(range))
      for note in notes where note.name == "CORE" && note.type == ELFNote.taskStruct {
        for place in note.descriptor { bytes[range.lowerBound + place] = 0 }
        size += note.descriptor.count
      }
    }
    return size
  }
}
