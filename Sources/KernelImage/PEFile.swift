// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

/// The headers of a PE/COFF file, the format of UEFI programs: kernels, zboot files, unified images.
///
/// Field names and meanings follow the Microsoft PE/COFF specification, revision 8.3.
struct PEFile: Hashable, Sendable {
  /// One entry of the section table.
  struct Section: Hashable, Sendable {
    /// The name, up to 8 bytes: `.text`, `.linux`; `?` for anything but visible ASCII characters.
    let name: String
    /// Bytes in memory.
    let virtualSize: UInt32
    /// Bytes in the file, padding included.
    let rawSize: UInt32
    /// Bytes from the start of the file.
    let rawOffset: UInt32

    /// Bytes without padding.
    var size: UInt32 { min(virtualSize, rawSize) }
  }

  /// The architecture; nil for one that Linux does not run on.
  let machine: Machine?
  /// The section table, in the order of the file.
  let sections: [Section]
  /// The place of the signatures; nil for a file that is not signed.
  let certificates: Range<UInt64>?

  init(_ file: Span<UInt8>) throws(ImageError) {
    let start = try Self.headerOffset(of: file)
    machine = Machine(pe: try file.field(at: start + 4))
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

  /// Whether it is a unified kernel image: a program with a kernel in a section.
  var isUnifiedImage: Bool { sections.contains { $0.name == ".linux" } }

  /// The place of a section in the file.
  func range(of section: Section, in file: Span<UInt8>) throws(ImageError) -> Range<Int> {
    let (start, size) = (Int(section.rawOffset), Int(section.size))
    guard start + size <= file.count else {
      throw .outside(
        "section \(section.name)", offset: UInt64(start), size: UInt64(size), fileSize: file.count)
    }
    return start..<start + size
  }

  /// The number of the architecture, such as 0xaa64 for arm64; nil for a file of another format.
  static func machineNumber(of file: Span<UInt8>) throws(ImageError) -> UInt16? {
    guard let start = try? headerOffset(of: file) else { return nil }
    return try file.field(at: start + 4)
  }

  /// The place of "PE\0\0", by the field at 60.
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

  /// The only directory whose address is an offset in the file.
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
    rawSize = try file.field(at: offset + 16)
    rawOffset = try file.field(at: offset + 20)
  }
}
