// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The headers of a 64-bit ELF file, in either byte order: System V ABI, chapters 4 and 5.
///
/// A file in memory is read as a whole, by ``init(_:)`` and ``notes(in:)``. One that is too large
/// for that is read piece by piece: first its ``ELFHeader``, then the bytes of its
/// ``ELFHeader/programHeaderRange``, then those of the ``ProgramHeader/fileRange()`` of each segment
/// of notes.
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
