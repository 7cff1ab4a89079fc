// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
package import KexecFacts
package import PhysicalMemory

/// The dynamic memory of powerpc: logical memory blocks (LMBs), which a hypervisor adds and takes away.
///
/// Format: `arch/powerpc/mm/drmem.c:read_drconf_v1_cell`, `read_drconf_v2_cell`. Addresses and counters
/// have two cells: the only roots with such memory are 2/2.
extension DeviceTree {
  package static let dynamicMemoryNode = "/ibm,dynamic-reconfiguration-memory"
  /// What a crash kernel may use of each block.
  package static let usableBlocks = "linux,drconf-usable-memory"
  /// What a crash kernel may use of a memory node.
  package static let usableMemory = "linux,usable-memory"
  /// More than any machine has: 256 TiB in blocks of 256 MiB.
  private static let mostBlocks = 1 << 20

  /// The blocks that are assigned and not reserved, those of a row as one range, or the parts of them that
  /// `linux,drconf-usable-memory` names; none where they cannot be read.
  package func dynamicMemory() -> [PhysicalRange] {
    let used = ((try? rowsOfBlocks()) ?? []).filter(\.isUsed)
    guard let usable = try? property(Self.usableBlocks, of: Self.dynamicMemoryNode) else {
      return used.compactMap(\.memory)
    }
    let count = used.reduce(0) { $0 + Int($1.count) }
    return Self.usableRanges(usable.cells ?? [], blockCount: count)
  }

  /// All blocks; none without the node.
  ///
  /// - Throws: `KexecError.badMemory(_:_:)` for a node that readers would misread.
  package func memoryBlocks() throws(KexecError) -> [MemoryBlocks] {
    let rows = try rowsOfBlocks()
    if let row = rows.first(where: { $0.count > 0 && $0.memory == nil }) {
      throw bad("\(row.count) blocks from \(hex(row.start)) on end after 2^64")
    }
    let count = rows.reduce(0) { $0 + Int($1.count) }
    guard count <= Self.mostBlocks else {
      throw bad(
        "\(count) blocks are more than any machine has; at most \(Self.mostBlocks) are read")
    }
    return rows
  }

  private func rowsOfBlocks() throws(KexecError) -> [MemoryBlocks] {
    guard contains(Self.dynamicMemoryNode) else { return [] }
    guard let cells = try? cellCounts(of: "/"), cells.address == 2, cells.size == 2 else {
      throw bad("its counters have two cells, and so have to have the root's addresses and sizes")
    }
    guard let size = (try? property("ibm,lmb-size", of: Self.dynamicMemoryNode))?.u64, size > 0
    else { throw bad("'ibm,lmb-size' is not two cells with the size of a block") }
    let newer = try rowsOfVersion2(size)
    let older = try rowsOfVersion1(size)
    return newer ?? older ?? []
  }

  /// `ibm,dynamic-memory`: a number, then six cells for each block: address, DRC index, a reserved
  /// word, associativity, flags.
  private func rowsOfVersion1(_ size: UInt64) throws(KexecError) -> [MemoryBlocks]? {
    try rows(of: "ibm,dynamic-memory", size) { row in
      (1, UInt64(row[0]) << 32 | UInt64(row[1]), row[5])
    }
  }

  /// `ibm,dynamic-memory-v2`: a number, then six cells for each row of blocks: how many, the address of
  /// the first, its DRC index, associativity, flags.
  private func rowsOfVersion2(_ size: UInt64) throws(KexecError) -> [MemoryBlocks]? {
    try rows(of: "ibm,dynamic-memory-v2", size) { row in
      (row[0], UInt64(row[1]) << 32 | UInt64(row[2]), row[5])
    }
  }

  /// The rows of six cells, after their number; nil without the property.
  private func rows(
    of name: String, _ size: UInt64, _ fields: ([UInt32]) -> (UInt32, UInt64, UInt32)
  ) throws(KexecError) -> [MemoryBlocks]? {
    guard let value = try? property(name, of: Self.dynamicMemoryNode) else { return nil }
    guard let cells = value.cells, let count = cells.first, Int(count) <= (cells.count - 1) / 6
    else { throw bad("'\(name)' has \(value.bytes.count) bytes, too few for what it counts") }
    return (0..<Int(count)).map { number in
      let (blocks, start, flags) = fields(Array(cells[1 + number * 6..<1 + (number + 1) * 6]))
      return MemoryBlocks(count: blocks, start: start, size: size, flags: flags)
    }
  }

  private func bad(_ reason: String) -> KexecError { .badMemory(Self.dynamicMemoryNode, reason) }

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

/// A row of logical memory blocks of one kind.
package struct MemoryBlocks {
  package let count: UInt32
  /// The address of the first.
  package let start: UInt64
  /// Bytes in each.
  package let size: UInt64
  package let flags: UInt32

  /// All of them; nil for none, and for blocks that end after 2^64.
  package var memory: PhysicalRange? {
    let (bytes, overflow) = size.multipliedReportingOverflow(by: UInt64(count))
    return overflow ? nil : PhysicalRange(start: start, size: bytes)
  }

  /// Assigned (`DRCONF_MEM_ASSIGNED`) and not reserved (`DRCONF_MEM_RESERVED`): readers skip
  /// the rest before they take a counter from `linux,drconf-usable-memory`.
  package var isUsed: Bool { flags & 0x8 != 0 && flags & 0x80 == 0 }

  /// Each of them, of blocks that are all there.
  package var ranges: [PhysicalRange] {
    (0..<UInt64(count)).compactMap { PhysicalRange(start: start + $0 * size, size: size) }
  }
}
