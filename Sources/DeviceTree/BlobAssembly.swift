// SPDX-License-Identifier: Apache-2.0

/// Writes a blob front to back, each byte once: header, reservations, structure, strings, free space.
struct BlobAssembly {
  /// The blob, padded to 8 bytes.
  let words: [UInt64]

  /// Writes a version 17 blob.
  ///
  /// - Parameters:
  ///   - reservations: the reservation block, with its closing entry.
  ///   - structure: the structure block, with what follows it in the next two parameters.
  ///   - headroom: bytes of free space.
  /// - Throws: ``DeviceTreeError/Code/noSpace`` beyond 2 GiB, libfdt's limit.
  init(
    reservations: Span<UInt8>, structure: Span<UInt8>, _ structure2: Span<UInt8> = Span(),
    _ structure3: Span<UInt8> = Span(), strings: Span<UInt8>, headroom: Int, bootCPU: UInt32
  ) throws(DeviceTreeError) {
    let headerSize = 40
    let structureOffset = headerSize + reservations.count
    let structureSize = structure.count + structure2.count + structure3.count
    let stringsOffset = structureOffset + structureSize
    let size = (stringsOffset + strings.count + headroom + 7) & ~7
    guard size <= Int32.max else { throw DeviceTreeError(.noSpace) }

    // Zeroing the buffer first would cost as much as all the copying.
    words = unsafe Array(unsafeUninitializedCapacity: size / 8) { words, wordCount in
      let blob = UnsafeMutableRawBufferPointer(words)
      var offset = 0
      func put(_ bytes: Span<UInt8>) {
        let target = unsafe blob[offset..<offset + bytes.count]
        unsafe bytes.withUnsafeBytes {
          unsafe UnsafeMutableRawBufferPointer(rebasing: target).copyMemory(from: $0)
        }
        offset += bytes.count
      }
      for field in [
        Int(BlobHeader.magic), size, structureOffset, stringsOffset, headerSize, 17, 16,
        Int(bootCPU), strings.count, structureSize,
      ] {
        unsafe blob.storeBytes(of: UInt32(field).bigEndian, toByteOffset: offset, as: UInt32.self)
        offset += 4
      }
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
}
