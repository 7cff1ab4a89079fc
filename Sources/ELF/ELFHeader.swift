// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The header of a 64-bit ELF file, in either byte order: System V ABI, chapter 4.
public struct ELFHeader: Hashable, Sendable {
  /// Bytes in the header; the file starts with it.
  public static let size = 64
  /// The most program headers that `e_phnum` counts: one more is `PN_XNUM`, which refers to a count in
  /// another place, and which Linux takes for a number.
  public static let mostProgramHeaders = 0xfffe
  /// `ET_CORE`.
  public static let core: UInt16 = 4

  /// The byte order of everything in the file: `EI_DATA`.
  public let byteOrder: ByteOrder
  /// The version of the identification: `EI_VERSION`, 1.
  public let identificationVersion: UInt8
  /// The type of the file: `e_type`; ``core`` for files made here.
  public let type: UInt16
  /// The architecture: `e_machine`.
  public let machine: Machine
  /// The version of the file: `e_version`, 1.
  public let version: UInt32
  /// The entry of the program: `e_entry`; 0 in a core file.
  public let entry: UInt64
  /// Flags of the architecture: `e_flags`.
  public let flags: UInt32
  /// The size of this header as stated: `e_ehsize`.
  public let headerSize: UInt16
  /// The place of the program headers, in bytes from the start of the file.
  public let programHeaderRange: Range<Int>

  /// Reads the header from the start of a file.
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

extension ELFHeader {
  /// The first four bytes of every ELF file, `\u{7f}ELF`, as a big-endian number.
  package static let magic: UInt32 = 0x7f45_4c46

  /// The fields of a 64-bit header, unchecked: System V ABI, chapter 4.
  ///
  /// ``ELFHeader/init(_:)`` refuses what no ELF reader can use; the crash kernel is stricter about some
  /// fields and ignores the rest.
  package struct Fields {
    package let byteOrder: ByteOrder
    package let fileClass: UInt8
    package let data: UInt8
    package let identificationVersion: UInt8
    package let type: UInt16
    package let machine: Machine
    package let version: UInt32
    package let entry: UInt64
    /// `e_phoff`.
    package let tableOffset: UInt64
    package let flags: UInt32
    package let headerSize: UInt16
    /// `e_phentsize`.
    package let entrySize: UInt16
    /// `e_phnum`.
    package let count: UInt16

    /// Reads the first 64 bytes of a file that begins with the magic number.
    package init(_ file: Span<UInt8>, _ order: ByteOrder) throws(FormatError) {
      guard file.count >= ELFHeader.size else { throw .truncated(offset: 0, size: ELFHeader.size) }
      byteOrder = order
      fileClass = file[4]
      data = file[5]
      identificationVersion = file[6]
      type = try file.integer(at: 16, order)
      machine = Machine(rawValue: try file.integer(at: 18, order))
      version = try file.integer(at: 20, order)
      entry = try file.integer(at: 24, order)
      tableOffset = try file.integer(at: 32, order)
      flags = try file.integer(at: 48, order)
      headerSize = try file.integer(at: 52, order)
      entrySize = try file.integer(at: 54, order)
      count = try file.integer(at: 56, order)
    }
  }

  /// Throws for a file that does not begin with ``magic``.
  package static func checkMagic(_ file: Span<UInt8>) throws(FormatError) {
    guard try file.bigEndian(at: 0) == magic else { throw .badMagic(offset: 0) }
  }
}
