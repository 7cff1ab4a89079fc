// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The header of a 64-bit ELF file, in either byte order: System V ABI, chapter 4.
///
/// It says where the program headers are, so that a reader of a huge file can fetch them alone.
public struct ELFHeader: Hashable, Sendable {
  /// Bytes in the header; the file starts with it.
  public static let size = 64

  /// The byte order of everything in the file: `EI_DATA`.
  public let byteOrder: ByteOrder
  /// The architecture: `e_machine`.
  public let machine: UInt16
  /// Where the program headers are, in bytes from the start of the file: at most 65534 of them.
  public let programHeaderRange: Range<Int>

  /// Reads the header from the start of a file; bytes after it are not looked at.
  ///
  /// - Throws: `FormatError.badMagic` for other files, `unsupported` for a 32-bit one and for one that
  ///   counts its program headers elsewhere (`PN_XNUM`), `badValue`, and `truncated`.
  public init(_ file: Span<UInt8>) throws(FormatError) {
    guard try file.bigEndian(UInt32.self, at: 0) == 0x7f45_4c46 /* "\x7fELF" */ else {
      throw .badMagic(offset: 0)
    }
    let fileClass = try file.bigEndian(UInt8.self, at: 4)
    let data = try file.bigEndian(UInt8.self, at: 5)
    guard fileClass == 2 else { throw .unsupported(offset: 4, value: UInt64(fileClass)) }
    guard data == 1 || data == 2 else { throw .badValue(offset: 5, value: UInt64(data)) }
    let order: ByteOrder = data == 1 ? .little : .big
    byteOrder = order
    machine = try file.integer(at: 18, order)

    let tableOffset = try file.integer(UInt64.self, at: 32, order)
    let entrySize = try file.integer(UInt16.self, at: 54, order)
    let count = try file.integer(UInt16.self, at: 56, order)
    guard file.count >= Self.size else { throw .truncated(offset: 0, size: Self.size) }
    guard count == 0 || entrySize == ProgramHeader.size else {
      throw .badValue(offset: 54, value: UInt64(entrySize))
    }
    guard count < 0xffff /* PN_XNUM */ else { throw .unsupported(offset: 56, value: 0xffff) }
    guard let start = Int(exactly: tableOffset), start <= Int.max / 2 else {
      throw .badValue(offset: 32, value: tableOffset)
    }
    programHeaderRange = start..<start + Int(count) * ProgramHeader.size
  }
}
