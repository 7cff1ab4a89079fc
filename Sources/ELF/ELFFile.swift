// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The headers of a 64-bit ELF file, in either byte order: System V ABI, chapters 4 and 5.
///
/// ``init(_:)`` and ``notes(in:)`` read a file in memory. From a larger file, read the ``ELFHeader``, then the
/// bytes of its ``ELFHeader/programHeaderRange``, then the ``ProgramHeader/fileRange()`` of each `PT_NOTE`
/// segment.
public struct ELFFile: Hashable, Sendable {
  /// The header at the start of the file.
  public let header: ELFHeader
  /// The program headers, in the order of the file.
  public let programHeaders: [ProgramHeader]

  /// The byte order of everything in the file: `EI_DATA`.
  public var byteOrder: ByteOrder { header.byteOrder }
  /// The architecture: `e_machine`.
  public var machine: Machine { header.machine }

  /// Reads the file header and the program headers of a whole file.
  ///
  /// - Throws: what ``ELFHeader/init(_:)`` throws, and `FormatError.truncated`.
  public init(_ file: Span<UInt8>) throws(FormatError) {
    let header = try ELFHeader(file)
    let range = header.programHeaderRange
    try self.init(header, programHeaders: file.extracting(range.clamped(to: 0..<file.count)))
  }

  /// Reads the program headers from the bytes of the header's ``ELFHeader/programHeaderRange``.
  ///
  /// - Throws: `FormatError.truncated` when there are fewer bytes.
  public init(_ header: ELFHeader, programHeaders table: Span<UInt8>) throws(FormatError) {
    let range = header.programHeaderRange
    guard table.count >= range.count else {
      throw .truncated(offset: range.lowerBound, size: range.count)
    }
    var headers: [ProgramHeader] = []
    for start in stride(from: 0, to: range.count, by: ProgramHeader.size) {
      headers.append(try ProgramHeader(table, at: start, header.byteOrder))
    }
    self.header = header
    programHeaders = headers
  }
}

extension ELFFile {
  /// The headers of a core file: the program headers follow the file header.
  ///
  /// - Throws: `FormatError.tooMany` for more than ``ELFHeader/mostProgramHeaders``.
  public init(
    coreOf machine: Machine, _ byteOrder: ByteOrder, _ programHeaders: [ProgramHeader]
  ) throws(FormatError) {
    header = try ELFHeader(
      coreOf: machine, byteOrder, programHeaderCount: programHeaders.count)
    self.programHeaders = programHeaders
  }

  /// The bytes of the headers, for a file whose program headers follow the file header.
  public var bytes: [UInt8] {
    // There may be 65,000 program headers, so they are written eight bytes at a time.
    var words: [UInt64] = []
    words.reserveCapacity(programHeaders.count * ProgramHeader.size / 8)
    for programHeader in programHeaders { programHeader.append(to: &words, byteOrder) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(ELFHeader.size + words.count * 8)
    header.append(to: &bytes)
    unsafe words.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    return bytes
  }
}

extension ELFHeader {
  fileprivate func append(to bytes: inout [UInt8]) {
    let data: UInt8 = byteOrder == .little ? 1 : 2
    bytes.append(bigEndian: Self.magic)
    bytes += [2, data, identificationVersion]
    bytes += repeatElement(0, count: 9)
    bytes.append(type, byteOrder)
    bytes.append(machine.rawValue, byteOrder)
    bytes.append(version, byteOrder)
    bytes.append(entry, byteOrder)
    bytes.append(UInt64(Self.size), byteOrder)  // e_phoff
    bytes.append(0 as UInt64, byteOrder)  // e_shoff
    bytes.append(flags, byteOrder)
    bytes.append(headerSize, byteOrder)
    bytes.append(UInt16(ProgramHeader.size), byteOrder)
    bytes.append(UInt16(programHeaderRange.count / ProgramHeader.size), byteOrder)
    bytes += repeatElement(0, count: 6)  // no sections
  }
}

extension ProgramHeader {
  fileprivate func append(to words: inout [UInt64], _ order: ByteOrder) {
    let (low, high) = order == .little ? (type, flags) : (flags, type)
    for word in [
      UInt64(high) << 32 | UInt64(low), offset, virtualAddress, physicalAddress, fileSize,
      memorySize, alignment,
    ] {
      words.append(order == .little ? word.littleEndian : word.bigEndian)
    }
  }
}
