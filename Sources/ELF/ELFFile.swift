// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The headers of a 64-bit ELF file, in either byte order: System V ABI, chapters 4 and 5.
public struct ELFFile: Hashable, Sendable {
  /// The byte order of everything in the file: `EI_DATA`.
  public let byteOrder: ByteOrder
  /// The architecture: `e_machine`.
  public let machine: UInt16
  /// The program headers, in the order of the file.
  public let programHeaders: [ProgramHeader]

  /// Reads the file header and the program headers.
  ///
  /// - Throws: ``FormatError/badMagic(offset:)`` for other files, ``FormatError/unsupported(offset:value:)``
  ///   for a 32-bit one, and ``FormatError/truncated(offset:size:)``.
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
    guard count == 0 || entrySize == ProgramHeader.size else {
      throw .badValue(offset: 54, value: UInt64(entrySize))
    }
    guard let start = Int(exactly: tableOffset), start <= Int.max / 2 else {
      throw .badValue(offset: 32, value: tableOffset)
    }
    var headers: [ProgramHeader] = []
    for index in 0..<Int(count) {
      headers.append(try ProgramHeader(file, at: start + index * ProgramHeader.size, order))
    }
    programHeaders = headers
  }
}

/// One program header: a piece of memory, or of the file.
public struct ProgramHeader: Hashable, Sendable {
  /// What it is: ``load`` and ``note`` are the ones used here.
  public let type: UInt32
  /// Bytes from the start of the file.
  public let offset: UInt64
  /// The address of its first byte in the address space of its program or kernel.
  public let virtualAddress: UInt64
  /// The physical address of its first byte.
  public let physicalAddress: UInt64
  /// Bytes of it in the file.
  public let fileSize: UInt64
  /// Bytes of it in memory.
  public let memorySize: UInt64
  /// What its addresses are a multiple of; 0 and 1 say nothing.
  public let alignment: UInt64

  /// `PT_LOAD`.
  public static let load: UInt32 = 1
  /// `PT_NOTE`.
  public static let note: UInt32 = 4

  static let size = 56

  init(_ file: Span<UInt8>, at start: Int, _ order: ByteOrder) throws(FormatError) {
    type = try file.integer(at: start, order)
    offset = try file.integer(at: start + 8, order)
    virtualAddress = try file.integer(at: start + 16, order)
    physicalAddress = try file.integer(at: start + 24, order)
    fileSize = try file.integer(at: start + 32, order)
    memorySize = try file.integer(at: start + 40, order)
    alignment = try file.integer(at: start + 48, order)
  }
}
