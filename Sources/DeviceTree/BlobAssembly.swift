// SPDX-License-Identifier: Apache-2.0

/// Writes a blob front to back, each byte once: header, reservations, structure, strings, free space.
struct BlobAssembly {
  /// The blob, padded to 8 bytes.
  let words: [UInt64]

  /// Lays out a version 17 blob.
  ///
  /// - Parameters:
  ///   - reservations: the reservation block, its closing entry included.
  ///   - structure: the structure block, in up to three parts.
  ///   - strings: the strings block.
  ///   - headroom: bytes of free space.
  /// - Throws: ``DeviceTreeError/Code/noSpace`` beyond 2 GiB, libfdt's limit.
  init(
    reservations: Span<UInt8>, structure: Span<UInt8>, _ structure2: Span<UInt8> = Span(),
    _ structure3: Span<UInt8> = Span(), strings: Span<UInt8>, headroom: Int, bootCPU: UInt32
  ) throws(DeviceTreeError) {
    let structureOffset = Self.headerSize + reservations.count
    let structureSize = structure.count + structure2.count + structure3.count
    let stringsOffset = structureOffset + structureSize
    let size = (stringsOffset + strings.count + headroom + 7) & ~7
    guard size <= Int32.max else { throw DeviceTreeError(.noSpace) }

    // Zeroing the buffer first would cost as much as all the copying.
    words = unsafe Array(unsafeUninitializedCapacity: size / 8) { words, wordCount in
      let blob = UnsafeMutableRawBufferPointer(words)
      var offset = 0
      func put(_ field: Int) {
        unsafe blob.storeBytes(of: UInt32(field).bigEndian, toByteOffset: offset, as: UInt32.self)
        offset += 4
      }
      func put(_ bytes: Span<UInt8>) {
        let target = unsafe blob[offset..<offset + bytes.count]
        unsafe bytes.withUnsafeBytes {
          unsafe UnsafeMutableRawBufferPointer(rebasing: target).copyMemory(from: $0)
        }
        offset += bytes.count
      }
      put(Int(BlobHeader.magic))
      put(size)
      put(structureOffset)
      put(stringsOffset)
      put(Self.headerSize)
      put(17)
      put(16)
      put(Int(bootCPU))
      put(strings.count)
      put(structureSize)
      put(reservations)
      put(structure)
      put(structure2)
      put(structure3)
      put(strings)
      unsafe UnsafeMutableRawBufferPointer(rebasing: blob[offset...])
        .initializeMemory(as: UInt8.self, repeating: 0)
      wordCount = size / 8
    }
  }

  private static let headerSize = 40
}
