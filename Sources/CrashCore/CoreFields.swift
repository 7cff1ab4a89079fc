// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

/// The fields of a core header's file header, whatever is in them.
///
/// `ELFHeader` refuses what no ELF reader can go on with; the crash kernel is stricter in some fields,
/// and does not look at others.
struct CoreFields {
  let fileClass: UInt8
  let data: UInt8
  let byteOrder: ByteOrder
  let identificationVersion: UInt8
  let type: UInt16
  let machine: UInt16
  let version: UInt32
  let tableOffset: UInt64
  let headerSize: UInt16
  let entrySize: UInt16
  let count: UInt16

  /// What `EI_DATA` is to say of the byte order that the fields are in.
  var label: UInt8 { byteOrder == .little ? 1 : 2 }
  /// The end of the program headers, as the crash kernel reads them.
  var tableEnd: Int { ELFHeader.size + Int(count) * ProgramHeader.size }
  /// Whether there are program headers where the crash kernel reads them.
  var hasTableBehindHeader: Bool {
    fileClass == 2 && tableOffset == 64 && headerSize == 64 && entrySize == 56 && count > 0
  }

  /// Reads the first 64 bytes.
  ///
  /// - Throws: `FormatError.badMagic`, and `truncated`.
  init(_ file: Span<UInt8>) throws(FormatError) {
    guard try file.bigEndian(UInt32.self, at: 0) == 0x7f45_4c46 /* "\x7fELF" */ else {
      throw .badMagic(offset: 0)
    }
    guard file.count >= ELFHeader.size else { throw .truncated(offset: 0, size: ELFHeader.size) }
    fileClass = file[4]
    data = file[5]
    let labelled: ByteOrder = data == 2 ? .big : .little
    let order = try Self.byteOrder(of: file, labelled)
    byteOrder = order
    identificationVersion = file[6]
    type = try file.integer(at: 16, order)
    machine = try file.integer(at: 18, order)
    version = try file.integer(at: 20, order)
    tableOffset = try file.integer(at: 32, order)
    headerSize = try file.integer(at: 52, order)
    entrySize = try file.integer(at: 54, order)
    count = try file.integer(at: 56, order)
  }

  /// The order in which the fields make sense: the crash kernel does not look at `EI_DATA`, and a
  /// big-endian one writes 1 there (`kernel/crash_core.c:crash_prepare_elf64_headers`).
  private static func byteOrder(
    of file: Span<UInt8>, _ labelled: ByteOrder
  ) throws(FormatError) -> ByteOrder {
    let other: ByteOrder = labelled == .little ? .big : .little
    let headerSize: UInt16 = try file.integer(at: 52, labelled)
    let entrySize: UInt16 = try file.integer(at: 54, labelled)
    let isOther =
      headerSize.byteSwapped == ELFHeader.size && entrySize.byteSwapped == ProgramHeader.size
    return isOther ? other : labelled
  }

  /// The program headers; of those that the file cuts short, the whole ones.
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
