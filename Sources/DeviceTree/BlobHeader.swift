// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The header of a flattened device tree: Devicetree Specification v0.4, section 5.2.
///
/// Its fields are big-endian 32-bit words; offsets and sizes are bytes from the start of the blob.
package struct BlobHeader {
  /// The first four bytes of every blob, as a big-endian number.
  package static let magic: UInt32 = 0xd00d_feed
  /// The versions libfdt edits; 16 lacks `structSize`.
  static let versions: ClosedRange<UInt32> = 16...17

  let totalSize: Int
  let version: UInt32
  /// The structure block; version 16 does not state its size, so there it is the rest of the blob.
  let structure: Range<Int>
  let strings: Range<Int>
  let reservationsOffset: Int

  /// The reservation block of a blob written here: the structure block follows it.
  var reservations: Range<Int> { reservationsOffset..<structure.lowerBound }

  /// Reads the header and checks that every block is inside the blob and aligned, and that none overlap.
  ///
  /// Unlike libfdt's `fdt_check_header`, it reports which field is wrong.
  init(_ file: Span<UInt8>) throws(DeviceTreeError) {
    let magic = try Field.magic.read(file)
    guard magic == Self.magic else { throw Field.magic.error(.badMagic, magic) }

    version = try Field.version.read(file)
    let lastCompatible = try Field.lastCompatibleVersion.read(file)
    guard Self.versions.contains(version) || version > 17 && lastCompatible <= 17 else {
      throw Field.version.error(.badVersion, version)
    }
    guard lastCompatible <= 17, lastCompatible <= version else {
      throw Field.lastCompatibleVersion.error(.badVersion, lastCompatible)
    }

    let total = try Field.totalSize.read(file)
    guard total <= file.count, total <= Int32.max else {
      throw Field.totalSize.error(.truncated, total)
    }
    totalSize = Int(total)
    let headerSize = version == 16 ? 36 : 40
    guard totalSize >= headerSize else { throw Field.totalSize.error(.badLayout, total) }

    let body = headerSize..<totalSize
    structure = try Field.structOffset.block(
      file, in: body, alignment: 4, version == 16 ? nil : .structSize)
    strings = try Field.stringsOffset.block(file, in: body, .stringsSize)
    reservationsOffset = try Field.reservationsOffset.block(file, in: body, alignment: 8, nil)
      .lowerBound
    // Version 16 does not state the end of the structure block, so an overlap is found later.
    if version > 16, structure.lowerBound < strings.upperBound,
      strings.lowerBound < structure.upperBound
    {
      throw Field.stringsOffset.error(.badLayout, UInt32(strings.lowerBound))
    }
  }

  /// A field of the header, with its offset.
  enum Field: Int {
    case magic = 0
    case totalSize = 4
    case structOffset = 8
    case stringsOffset = 12
    case reservationsOffset = 16
    case version = 20
    case lastCompatibleVersion = 24
    case bootCPU = 28
    case stringsSize = 32
    case structSize = 36

    @inline(__always)
    func read(_ file: Span<UInt8>) throws(DeviceTreeError) -> UInt32 {
      do {
        return try file.bigEndian(at: rawValue)
      } catch {
        throw DeviceTreeError(.truncated, offset: file.count)
      }
    }

    func error(_ code: DeviceTreeError.Code, _ value: UInt32) -> DeviceTreeError {
      DeviceTreeError(code, offset: rawValue, value: UInt64(value))
    }

    /// Reads the place of a block from the fields of its offset and its size; without a size, all that
    /// follows in `body`.
    func block(
      _ file: Span<UInt8>, in body: Range<Int>, alignment: Int = 1, _ sizeField: Field?
    ) throws(DeviceTreeError) -> Range<Int> {
      let start = Int(try read(file))
      guard body.lowerBound...body.upperBound ~= start, start % alignment == 0 else {
        throw error(.badLayout, UInt32(start))
      }
      guard let sizeField else { return start..<body.upperBound }
      let size = Int(try sizeField.read(file))
      guard size <= body.upperBound - start else { throw sizeField.error(.badLayout, UInt32(size)) }
      return start..<start + size
    }
  }
}
