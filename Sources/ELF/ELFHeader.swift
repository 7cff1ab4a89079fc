// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The header of a 64-bit ELF file, in either byte order: System V ABI, chapter 4.
///
/// It says where the program headers are, so that a reader of a huge file can fetch them alone.
public struct ELFHeader: Hashable, Sendable {
  /// Bytes in the header; the file starts with it.
  public static let size = 64
  /// The most program headers that a file counts in its header: one more is `PN_XNUM`, which says
  /// that they are counted elsewhere, and which Linux takes for a number.
  public static let mostProgramHeaders = 0xfffe
  /// `ET_CORE`.
  public static let core: UInt16 = 4

  /// The byte order of everything in the file: `EI_DATA`.
  public let byteOrder: ByteOrder
  /// The version of the identification: `EI_VERSION`, 1.
  public let identificationVersion: UInt8
  /// What the file is: `e_type`; ``core`` is the one made here.
  public let type: UInt16
  /// The architecture: `e_machine`.
  public let machine: Machine
  /// The version of the file: `e_version`, 1.
  public let version: UInt32
  /// Where the program starts: `e_entry`; 0 in a core file.
  public let entry: UInt64
  /// Flags of the architecture: `e_flags`.
  public let flags: UInt32
  /// What the file says of the size of this header: `e_ehsize`.
  public let headerSize: UInt16
  /// Where the program headers are, in bytes from the start of the file: at most
  /// ``mostProgramHeaders`` of them.
  public let programHeaderRange: Range<Int>

  /// Reads the header from the start of a file; bytes after it are not looked at.
  ///
  /// - Throws: `FormatError.badMagic` for other files, `unsupported` for a 32-bit one and for one that
  ///   counts its program headers elsewhere (`PN_XNUM`), `badValue`, and `truncated`.
  public init(_ file: Span<UInt8>) throws(FormatError) {
    try Self.checkMagic(file)
    let fileClass = try file.bigEndian(UInt8.self, at: 4)
    let data = try file.bigEndian(UInt8.self, at: 5)
    guard fileClass == 2 else { throw .unsupported(offset: 4, value: UInt64(fileClass)) }
    guard data == 1 || data == 2 else { throw .badValue(offset: 5, value: UInt64(data)) }
    let fields = try Fields(file, data == 1 ? .little : .big)
    byteOrder = fields.byteOrder
    identificationVersion = fields.identificationVersion
    type = fields.type
    machine = fields.machine
    version = fields.version
    entry = fields.entry
    flags = fields.flags
    headerSize = fields.headerSize

    let count = Int(fields.count)
    guard count == 0 || fields.entrySize == ProgramHeader.size else {
      throw .badValue(offset: 54, value: UInt64(fields.entrySize))
    }
    guard count <= Self.mostProgramHeaders else { throw .unsupported(offset: 56, value: 0xffff) }
    guard let start = Int(exactly: fields.tableOffset), start <= Int.max / 2 else {
      throw .badValue(offset: 32, value: fields.tableOffset)
    }
    programHeaderRange = start..<start + count * ProgramHeader.size
  }

  /// The header of a core file whose program headers follow it at once.
  ///
  /// - Throws: `FormatError.tooMany` for more than ``mostProgramHeaders``.
  public init(
    coreOf machine: Machine, _ byteOrder: ByteOrder, programHeaderCount count: Int
  ) throws(FormatError) {
    guard count <= Self.mostProgramHeaders else {
      throw .tooMany("program headers", count: count, limit: Self.mostProgramHeaders)
    }
    self.byteOrder = byteOrder
    self.machine = machine
    identificationVersion = 1
    type = Self.core
    version = 1
    entry = 0
    flags = 0
    headerSize = UInt16(Self.size)
    programHeaderRange = Self.size..<Self.size + count * ProgramHeader.size
  }
}
