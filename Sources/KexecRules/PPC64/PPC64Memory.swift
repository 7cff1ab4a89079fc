// SPDX-License-Identifier: Apache-2.0

import DeviceTree
package import KexecFacts
import PhysicalMemory

// How the memory of a powerpc crash kernel is limited: not by one range for all, but node by node.
extension TreeFixup {
  private static let limitRule = Rule.linux(
    "arch/powerpc/kexec/file_load_64.c", "update_usable_mem_fdt")

  /// What a crash kernel may use: all memory up to the end of its own, for its first code needs the
  /// lowest, and the firmware's (`arch/powerpc/kexec/ranges.c:get_usable_memory_ranges`). What is below
  /// its own is reserved.
  private var usableMemory: PhysicalRangeSet? {
    guard let main = crash?.usableMemory.first else { return nil }
    let low = PhysicalRange(start: 0, end: main.end)
    return PhysicalRangeSet([low].compactMap { $0 } + liveTree.sharedFirmware())
  }

  /// Limits a crash kernel to its memory, and removes the limits of an earlier one for an ordinary kernel.
  ///
  /// - Throws: `KexecError.tree(_:)`, and `KexecError.badMemory(_:_:)`.
  package mutating func limitMemory() throws(KexecError) {
    let usable = usableMemory
    try limitNodes(to: usable)
    try limitBlocks(to: usable)
  }

  /// `linux,usable-memory`: the usable part of all ranges of a node; one of no size for none, so that
  /// the node is passed over.
  private mutating func limitNodes(to usable: PhysicalRangeSet?) throws(KexecError) {
    let cells = try KexecError.aboutTree { () throws(DeviceTreeError) in
      try tree.cellCounts(of: "/")
    }
    var values: [String: PropertyValue?] = [:]
    for node in tree.root.children where node.isOfMemory {
      guard let usable else {
        values[node.name] = .some(nil)
        continue
      }
      guard let value = node["reg"], !value.bytes.isEmpty else { continue }
      guard let tuples = value.tuples(cells) else {
        throw .badMemory("/" + node.name, "'reg' is no addresses and sizes in the root's cells")
      }
      let parts = PhysicalRangeSet(tuples.compactMap(\.memory)).intersection(usable).ranges
      let none = AddressAndSize(address: 0, size: 0)
      let entries = parts.isEmpty ? [none] : parts.map(AddressAndSize.init)
      let bytes = entries.compactMap { PropertyValue($0, cells: cells)?.bytes }
      values[node.name] = PropertyValue(bytes: Array(bytes.joined()))
    }
    try set(
      DeviceTree.usableMemory, ofChildren: values,
      reason: usable == nil
        ? "was the last crash kernel's" : "the range of it that a crash kernel may use",
      rule: Self.limitRule)
  }

  /// `linux,drconf-usable-memory`: for each block that is in use a counter, and as many ranges.
  ///
  /// Linux writes a counter for every block, but its readers take none for a block that is not assigned,
  /// or reserved (`arch/powerpc/kernel/prom.c:early_init_drmem_lmb`): after the first such they are
  /// off by one. Here those that readers pass over have none. Where they are the last, the crash kernel
  /// reads the same from both.
  private mutating func limitBlocks(to usable: PhysicalRangeSet?) throws(KexecError) {
    let node = DeviceTree.dynamicMemoryNode
    guard tree.contains(node) else { return }
    guard let usable else {
      try delete(
        DeviceTree.usableBlocks, of: node, reason: "was the last crash kernel's",
        rule: Self.limitRule)
      return
    }
    var numbers: [UInt64] = []
    for row in try tree.memoryBlocks() where row.isUsed {
      for block in row.ranges {
        let parts = PhysicalRangeSet([block]).intersection(usable).ranges
        numbers.append(UInt64(parts.count))
        for part in parts { numbers += [part.start, part.size] }
      }
    }
    try set(
      DeviceTree.usableBlocks, of: node,
      to: .cells(numbers.flatMap { [UInt32($0 >> 32), UInt32(truncatingIfNeeded: $0)] }),
      reason: "the part of each block that a crash kernel may use", rule: Self.limitRule)
  }
}
