// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import PhysicalMemory

/// The dynamic memory of powerpc: logical memory blocks (LMBs), which a hypervisor adds and takes away.
///
/// Format: `arch/powerpc/mm/drmem.c:read_drconf_v1_cell`, `read_drconf_v2_cell`. Addresses and counters
/// have two cells: the only roots with such memory are 2/2.
extension DeviceTree {
  private static let node = "/ibm,dynamic-reconfiguration-memory"

  /// The blocks that are assigned and not reserved, those of a row as one range, or the parts of them that
  /// `linux,drconf-usable-memory` names.
  func dynamicMemory(_ cells: CellCounts) -> [PhysicalRange] {
    guard cells.address == 2, cells.size == 2, contains(Self.node),
      let size = (try? property("ibm,lmb-size", of: Self.node))?.u64, size > 0
    else { return [] }
    let blocks = (blocksOfVersion2() ?? blocksOfVersion1() ?? []).filter(\.isUsed)
    guard let usable = try? property("linux,drconf-usable-memory", of: Self.node) else {
      return blocks.compactMap { row in
        let (bytes, overflow) = size.multipliedReportingOverflow(by: UInt64(row.count))
        return overflow ? nil : PhysicalRange(start: row.start, size: bytes)
      }
    }
    let count = blocks.reduce(0) { $0 + Int($1.count) }
    return Self.usableRanges(usable.cells ?? [], blockCount: count)
  }

  /// A row of blocks of one kind.
  private struct Blocks {
    let count: UInt32
    let start: UInt64
    let flags: UInt32

    /// Assigned (`DRCONF_MEM_ASSIGNED`) and not reserved (`DRCONF_MEM_RESERVED`): readers pass over
    /// the others before they take a counter from `linux,drconf-usable-memory`.
    var isUsed: Bool { flags & 0x8 != 0 && flags & 0x80 == 0 }
  }

  /// `ibm,dynamic-memory`: a number, then six cells for each block: address, DRC index, a reserved
  /// word, associativity, flags.
  private func blocksOfVersion1() -> [Blocks]? {
    rows(of: "ibm,dynamic-memory", width: 6)?.map { row in
      Blocks(count: 1, start: UInt64(row[0]) << 32 | UInt64(row[1]), flags: row[5])
    }
  }

  /// `ibm,dynamic-memory-v2`: a number, then six cells for each row of blocks: how many, the address of
  /// the first, its DRC index, associativity, flags.
  private func blocksOfVersion2() -> [Blocks]? {
    rows(of: "ibm,dynamic-memory-v2", width: 6)?.map { row in
      Blocks(count: row[0], start: UInt64(row[1]) << 32 | UInt64(row[2]), flags: row[5])
    }
  }

  /// The rows behind the number of them; nil without the property, or when it is too short.
  private func rows(of name: String, width: Int) -> [[UInt32]]? {
    guard let cells = (try? property(name, of: Self.node))?.cells, let count = cells.first,
      Int(count) <= (cells.count - 1) / width
    else { return nil }
    return (0..<Int(count)).map { Array(cells[1 + $0 * width..<1 + ($0 + 1) * width]) }
  }

  /// For each block a counter of two cells, then as many addresses and sizes.
  private static func usableRanges(_ cells: [UInt32], blockCount: Int) -> [PhysicalRange] {
    var numbers = stride(from: 0, to: cells.count - 1, by: 2).map {
      UInt64(cells[$0]) << 32 | UInt64(cells[$0 + 1])
    }[...]
    var ranges: [PhysicalRange] = []
    for _ in 0..<blockCount {
      guard let count = numbers.popFirst(), count <= numbers.count / 2 else { break }
      for _ in 0..<count {
        guard let start = numbers.popFirst(), let size = numbers.popFirst() else { break }
        if let range = PhysicalRange(start: start, size: size) { ranges.append(range) }
      }
    }
    return ranges
  }
}
