// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import CrashCore
package import ELF
import Files
import SystemPackage

/// The head of `/proc/kcore`: ELF header, program headers and notes.
///
/// A live file has the size of the kernel's address space (up to 64 PiB on x86-64), so only the head is
/// read: `fs/proc/kcore.c:read_kcore_iter`.
package struct KernelCore: Hashable, Sendable {
  /// The most bytes of notes that are read; kernels write less than 16 KiB.
  static let noteLimit = 16 << 20

  /// The headers: memory, and other mappings, whose `ProgramHeader.physicalAddress` has all bits set.
  package let file: ELFFile
  /// The vmcoreinfo note; nil without one.
  package let vmcoreinfo: VMCoreInfo?

  /// Reads the head; `read` returns the bytes of a range, fewer at the end of the file.
  ///
  /// - Throws: `FormatError` for a file that is no 64-bit ELF file, ends within its headers or notes, or
  ///   has more than ``noteLimit`` bytes of notes; and what `read` throws.
  init(read: (Range<Int>) throws -> [UInt8]) throws {
    let start = try read(0..<ELFHeader.size)
    let header = try ELFHeader(start.span)
    let table = try read(header.programHeaderRange)
    let file = try ELFFile(header, programHeaders: table.span)
    let notes = try Self.notes(of: file, read: read)
    self.file = file
    vmcoreinfo = VMCoreInfo(in: notes)
  }

  private static func notes(
    of file: ELFFile, read: (Range<Int>) throws -> [UInt8]
  ) throws -> [ELFNote] {
    var room = noteLimit
    var notes: [ELFNote] = []
    for segment in file.programHeaders where segment.type == ProgramHeader.note {
      let range = try segment.fileRange()
      guard range.count <= room else {
        throw FormatError.unsupported(offset: range.lowerBound, value: UInt64(range.count))
      }
      room -= range.count
      let bytes = try read(range)
      notes += try file.notes(of: segment, bytes: bytes.span)
    }
    return notes
  }
}

extension RunningKernel {
  /// The head of `/proc/kcore`, live or captured; nil for a missing file, and for a 32-bit kernel, whose
  /// program headers are not read. Needs `CAP_SYS_RAWIO`.
  package func core() throws(MachineError) -> KernelCore? {
    do throws(MachineError) {
      return try withCore { file in try KernelCore { try file.readBytes(at: $0) } }
    } catch {
      switch error {
      case .missing, .malformed(_, .unsupported(offset: 4, value: 1)): return nil
      default: throw error
      }
    }
  }

  /// Opens `/proc/kcore` for as long as `body` reads from it.
  func withCore<Value>(_ body: (OpenFile) throws -> Value) throws(MachineError) -> Value {
    try withFile(corePath, whenNotPermitted: .coreIsForRoot, body)
  }
}

extension KernelCore {
  /// The largest head, in bytes: notes after 65,000 program headers.
  private static let headLimit = noteLimit + 4 << 20

  /// The bytes up to the end of the notes: an ELF file with the headers of the whole one, without the
  /// memory.
  ///
  /// The note about the reading process, `NT_TASKSTRUCT` (`fs/proc/kcore.c:read_kcore_iter`), is zeroed: it
  /// has kernel addresses, the key of the stack protector, and on arm64 the keys of pointer authentication.
  ///
  /// - Parameter read: returns the bytes of a range, fewer at the end of the file.
  /// - Returns: the head, and the number of zeroed bytes.
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
      // Program headers come and go with memory, so all bytes must be of one reading.
      guard needed == end else {
        end = needed
        continue
      }
      let taskSize = try wipeTasks(in: &bytes)
      return (bytes, taskSize)
    }
    throw FormatError.badValue(offset: 0, value: UInt64(end))
  }

  /// The size of the head, as far as its first bytes show it.
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
