// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

// A core header's file header, as the crash kernel reads it.
extension ELFHeader.Fields {
  /// The `EI_DATA` of the byte order that the fields are in.
  var label: UInt8 { byteOrder == .little ? 1 : 2 }
  /// The end of the program headers, as the crash kernel reads them.
  var tableEnd: Int { ELFHeader.size + Int(count) * ProgramHeader.size }
  /// Whether there are program headers where the crash kernel reads them.
  var hasTableBehindHeader: Bool {
    fileClass == 2 && tableOffset == 64 && headerSize == 64 && entrySize == 56 && count > 0
  }

  /// Reads the fields in the byte order in which they make sense: the crash kernel does not look at
  /// `EI_DATA`, and a big-endian kernel writes 1 there
  /// (`kernel/crash_core.c:crash_prepare_elf64_headers`).
  ///
  /// - Throws: `FormatError.badMagic`, and `truncated`.
  init(coreHeader file: Span<UInt8>) throws(FormatError) {
    try ELFHeader.checkMagic(file)
    let little = try Self(file, .little)
    let big = try Self(file, .big)
    let (labelled, other) = little.data == 2 ? (big, little) : (little, big)
    let isOther = other.headerSize == ELFHeader.size && other.entrySize == ProgramHeader.size
    self = isOther ? other : labelled
  }

  /// The program headers that are whole in the file.
  func programHeaders(_ file: Span<UInt8>) -> [ProgramHeader] {
    let inFile = max(0, file.count - ELFHeader.size) / ProgramHeader.size
    let count = min(Int(count), inFile, ELFHeader.mostProgramHeaders)
    let table = file.extracting(ELFHeader.size..<ELFHeader.size + count * ProgramHeader.size)
    do throws(FormatError) {
      let header = try ELFHeader(coreOf: machine, byteOrder, programHeaderCount: count)
      return try ELFFile(header, programHeaders: table).programHeaders
    } catch {
      preconditionFailure("the bytes of \(count) program headers are program headers: \(error)")
    }
  }
}
