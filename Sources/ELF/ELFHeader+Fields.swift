// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat

extension ELFHeader {
  /// The first four bytes of every ELF file, `\u{7f}ELF`, as a big-endian number.
  package static let magic: UInt32 = 0x7f45_4c46

  /// The fields of a 64-bit header, whatever is in them: System V ABI, chapter 4.
  ///
  /// What they may be is for the reader to say: ``ELFHeader/init(_:)`` refuses what no ELF reader can go on
  /// with; the crash kernel is stricter in some fields, and does not look at others.
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
    ///
    /// - Throws: `FormatError.truncated` when there are fewer.
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

  /// - Throws: `FormatError.badMagic` for a file that does not begin with ``magic``, and `truncated`.
  package static func checkMagic(_ file: Span<UInt8>) throws(FormatError) {
    guard try file.bigEndian(at: 0) == magic else { throw .badMagic(offset: 0) }
  }
}
