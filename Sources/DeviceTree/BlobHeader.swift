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
  let structOffset: Int
  let stringsOffset: Int
  let reservationsOffset: Int
  let version: UInt32
  let stringsSize: Int
  /// Version 16 has no such field: the block then ends with the blob at the latest.
  let structSize: Int

  /// The structure block of a blob written here.
  var structure: Range<Int> { structOffset..<structOffset + structSize }
  /// The strings block.
  var strings: Range<Int> { stringsOffset..<stringsOffset + stringsSize }
  /// The reservation block of a blob written here: the structure block follows it.
  var reservations: Range<Int> { reservationsOffset..<structOffset }

  /// Reads the header and checks that every block is inside the blob and aligned, and that none overlap.
  ///
  /// libfdt's `fdt_check_header` checks most of this, but does not report which field is wrong.
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

    structOffset = try Field.structOffset.block(file, from: headerSize, to: totalSize, alignment: 4)
    structSize =
      version == 16
      ? totalSize - structOffset
      : try Field.structSize.size(file, at: structOffset, to: totalSize)
    stringsOffset = try Field.stringsOffset.block(file, from: headerSize, to: totalSize)
    stringsSize = try Field.stringsSize.size(file, at: stringsOffset, to: totalSize)
    reservationsOffset = try Field.reservationsOffset.block(
      file, from: headerSize, to: totalSize, alignment: 8)
    // Version 16 does not state the end of the structure block, so an overlap is found later.
    if version > 16, structOffset < stringsOffset + stringsSize,
      stringsOffset < structOffset + structSize
    {
      throw Field.stringsOffset.error(.badLayout, UInt32(stringsOffset))
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

    /// Reads the offset of a block that must begin between two offsets.
    func block(
      _ file: Span<UInt8>, from lower: Int, to upper: Int, alignment: Int = 1
    ) throws(DeviceTreeError) -> Int {
      let offset = try read(file)
      guard offset >= lower, offset <= upper, Int(offset) % alignment == 0 else {
        throw error(.badLayout, offset)
      }
      return Int(offset)
    }

    /// Reads the size of a block that begins at `start` and must end by `upper`.
    func size(
      _ file: Span<UInt8>, at start: Int, to upper: Int
    ) throws(DeviceTreeError) -> Int {
      let size = try read(file)
      guard Int(size) <= upper - start else { throw error(.badLayout, size) }
      return Int(size)
    }
  }
}
