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

/// The header of a checked blob, and the places of its blocks, in bytes from its start.
struct BlobBlocks {
  let header: BlobHeader
  /// The memory reservation block, its closing entry included.
  let reservations: Range<Int>
  /// The structure block from the root up to and including `FDT_END`.
  let structure: Range<Int>
  let rootIndex: RootIndex
  /// `boot_cpuid_phys`.
  let bootCPU: UInt32

  /// Checks a blob from end to end and finds its blocks.
  ///
  /// Checks what `fdt_check_full` checks, and what Linux and libfdt assume: see `StructureCursor`. The
  /// file may be longer than the blob.
  init(checking file: Span<UInt8>) throws(DeviceTreeError) {
    header = try BlobHeader(file)
    let blob = file.extracting(0..<header.totalSize)

    var cursor = StructureCursor(header)
    var names = NameCheck(header)
    var rootIndex = RootIndex()
    var start = header.structure.lowerBound
    walk: while true {
      switch try cursor.next(in: blob) {
      case .property(let name, _):
        try names.check(nameAt: name, of: cursor.tokenOffset, in: blob)
      case .beginNode where cursor.level == 1:
        // Readers expect the root at the very start, so no-op tags before it are left out.
        start = cursor.tokenOffset
      case .beginNode(let name) where cursor.level == 2:
        rootIndex.append(at: cursor.tokenOffset - start, nameSize: name.count)
      case .beginNode, .endNode: continue
      case .end: break walk
      }
    }
    self.rootIndex = rootIndex
    structure = start..<cursor.offset
    let strings = header.strings
    reservations = try Self.reservations(header, in: blob)
    bootCPU = try BlobHeader.Field.bootCPU.read(blob)

    guard !structure.overlaps(strings) else {
      throw BlobHeader.Field.stringsOffset.error(.badLayout, UInt32(strings.lowerBound))
    }
    guard !reservations.overlaps(structure), !reservations.overlaps(strings) else {
      throw BlobHeader.Field.reservationsOffset.error(.badLayout, UInt32(reservations.lowerBound))
    }
  }

  /// The reservation block up to its closing entry of size 0, as `libfdt:fdt_num_mem_rsv` and
  /// `drivers/of/fdt.c:early_init_fdt_scan_reserved_mem` read it.
  private static func reservations(
    _ header: BlobHeader, in blob: Span<UInt8>
  ) throws(DeviceTreeError) -> Range<Int> {
    let start = header.reservationsOffset
    var offset = start
    while offset <= blob.count - 16 {
      let size = try? blob.bigEndian(UInt64.self, at: offset + 8)
      offset += 16
      if size == 0 { return start..<offset }
    }
    throw DeviceTreeError(.truncated, offset: offset)
  }
}

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
