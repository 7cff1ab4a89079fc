// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import ELF

/// The headers of a PE/COFF file, the format of what UEFI starts: kernels, their wrappers, unified
/// images.
///
/// Field names and meanings follow the Microsoft PE/COFF specification, revision 8.3.
public struct PEFile: Hashable, Sendable {
  /// One entry of the section table.
  public struct Section: Hashable, Sendable {
    /// The name, up to 8 bytes: `.text`, `.linux`. What is no visible ASCII character is `?`.
    public let name: String
    /// Bytes of it in memory.
    public let virtualSize: UInt32
    /// Bytes from the start of the image in memory.
    public let virtualAddress: UInt32
    /// Bytes of it in the file, padding included.
    public let rawSize: UInt32
    /// Bytes from the start of the file.
    public let rawOffset: UInt32

    /// Bytes that mean something: without the padding of the file, and without what memory has more.
    public var size: UInt32 { min(virtualSize, rawSize) }
  }

  /// The architecture, by the numbers of PE/COFF: 0xaa64 for arm64.
  public let machineNumber: UInt16
  /// The section table, in the order of the file.
  public let sections: [Section]
  /// Where the signatures are; nil for a file that is not signed.
  public let certificates: Range<UInt64>?

  /// The architecture; nil for one that Linux does not run on.
  public var machine: Machine? { Machine(pe: machineNumber) }

  /// Reads the headers of a file.
  ///
  /// - Throws: ``ImageError`` for another file, and for headers that are not all within it.
  public init(_ file: Span<UInt8>) throws(ImageError) {
    let start = try Self.headerOffset(of: file)
    machineNumber = try file.field(at: start + 4)
    let sectionCount: UInt16 = try file.field(at: start + 6)
    let optionalSize: UInt16 = try file.field(at: start + 20)
    let optional = start + 24
    let magic: UInt16 = try file.field(at: optional)
    guard magic == 0x20b || magic == 0x10b else {
      throw .field(
        "the optional header's magic", offset: optional, value: UInt64(magic),
        rule: "0x10b or 0x20b")
    }
    let directories = optional + (magic == 0x20b ? 112 : 96)
    let directoryCount: UInt32 = try file.field(at: directories - 4)
    certificates =
      directoryCount > 4 && Int(optionalSize) >= directories - optional + 40
      ? try Self.certificates(file, directory: directories + 32) : nil
    sections = try (0..<Int(sectionCount)).map { (number) throws(ImageError) in
      try Section(file, at: optional + Int(optionalSize) + 40 * number)
    }
  }

  /// Where the contents of a section are in the file.
  ///
  /// - Throws: ``ImageError/outside(_:offset:size:fileSize:)``.
  public func range(of section: Section, in file: Span<UInt8>) throws(ImageError) -> Range<Int> {
    let (start, size) = (Int(section.rawOffset), Int(section.size))
    guard start + size <= file.count else {
      throw .outside(
        "section \(section.name)", offset: UInt64(start), size: UInt64(size), fileSize: file.count)
    }
    return start..<start + size
  }

  /// The architecture of a file that may be of this format; nil for any other file.
  static func machineNumber(of file: Span<UInt8>) throws(ImageError) -> UInt16? {
    guard let start = try? headerOffset(of: file) else { return nil }
    return try file.field(at: start + 4)
  }

  /// Where "PE\0\0" is, by the field at 60.
  private static func headerOffset(of file: Span<UInt8>) throws(ImageError) -> Int {
    guard try file.field(UInt16.self, at: 0) == 0x5a4d /* "MZ" */ else {
      throw .format(.badMagic(offset: 0))
    }
    let start = Int(try file.field(UInt32.self, at: 60))
    guard try file.field(UInt32.self, at: start) == 0x4550 /* "PE\0\0" */ else {
      throw .format(.badMagic(offset: start))
    }
    return start
  }

  /// The one directory whose address is an offset into the file.
  private static func certificates(
    _ file: Span<UInt8>, directory: Int
  ) throws(ImageError) -> Range<UInt64>? {
    let offset: UInt32 = try file.field(at: directory)
    let size: UInt32 = try file.field(at: directory + 4)
    return offset == 0 || size == 0 ? nil : UInt64(offset)..<UInt64(offset) + UInt64(size)
  }
}

extension PEFile.Section {
  fileprivate init(_ file: Span<UInt8>, at offset: Int) throws(ImageError) {
    let letters = try (0..<8).map { (index) throws(ImageError) in
      try file.field(UInt8.self, at: offset + index)
    }
    name = letters.prefix { $0 != 0 }.visibleASCII(blanks: false)
    virtualSize = try file.field(at: offset + 8)
    virtualAddress = try file.field(at: offset + 12)
    rawSize = try file.field(at: offset + 16)
    rawOffset = try file.field(at: offset + 20)
  }
}
