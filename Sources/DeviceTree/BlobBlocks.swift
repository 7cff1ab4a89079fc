// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

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
