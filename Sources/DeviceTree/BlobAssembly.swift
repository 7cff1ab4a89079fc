// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Writes a blob front to back: header, reservations, structure, strings, free space.
///
/// The sizes are said first, so that the header is right and every byte is copied once.
struct BlobAssembly {
  /// The blob, padded to 8 bytes.
  private(set) var words: [UInt64]
  private var offset = 40

  /// Lays out a version 17 blob with the given block sizes in bytes.
  ///
  /// - Throws: ``DeviceTreeError/Code/noSpace`` beyond 2 GiB, libfdt's limit.
  init(
    reservationsSize: Int, structureSize: Int, stringsSize: Int, headroom: Int, bootCPU: UInt32
  ) throws(DeviceTreeError) {
    let structure = 40 + reservationsSize
    let strings = structure + structureSize
    let size = (strings + stringsSize + headroom + 7) & ~7
    guard size <= Int32.max else { throw DeviceTreeError(.noSpace) }

    words = Array(repeating: 0, count: size / 8)
    offset = 0
    var header: [UInt8] = []
    for field in [
      BlobHeader.magic, UInt32(size), UInt32(structure), UInt32(strings), 40, 17, 16, bootCPU,
      UInt32(stringsSize), UInt32(structureSize),
    ] {
      header.append(bigEndian: field)
    }
    append(header.span)
  }

  /// Writes the next bytes: of the reservation block, then the structure block, then the strings.
  mutating func append(_ bytes: Span<UInt8>) {
    let start = offset
    unsafe words.withUnsafeMutableBytes { blob in
      unsafe bytes.withUnsafeBytes { source in
        let target = unsafe blob[start..<start + source.count]
        unsafe UnsafeMutableRawBufferPointer(rebasing: target).copyMemory(from: source)
      }
    }
    offset += bytes.count
  }
}
