// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

// How the memory of a powerpc crash kernel is limited: not by one range for all, but node by node.
extension TreeFitting {
  private static let firstMemory: UInt64 = 64 << 10
  private static let limitRule = Rule.linux(
    "arch/powerpc/kexec/file_load_64.c", "update_usable_mem_fdt")

  /// What a crash kernel may use: all memory up to the end of its own, for its first code needs the
  /// lowest, and the firmware's (`arch/powerpc/kexec/ranges.c:get_usable_memory_ranges`). What is below
  /// its own is reserved.
  private var usableMemory: PhysicalRangeSet? {
    guard let main = handover.crash?.usableMemory.first else { return nil }
    let firmware = [liveTree.rtas, liveTree.opal].compactMap { $0 } + liveTree.tableMemory()
    let low = PhysicalRange(start: 0, end: main.end)
    return PhysicalRangeSet([low].compactMap { $0 } + firmware)
  }

  /// Tells a crash kernel what it may use, and takes what it was told away from an ordinary one.
  ///
  /// - Throws: ``PlanError/tree(_:)``, and ``PlanError/badMemory(_:_:)``.
  mutating func limitMemory() throws(PlanError) {
    let usable = usableMemory
    try limitNodes(to: usable)
    try limitBlocks(to: usable)
  }

  /// `linux,usable-memory`: the usable part of all ranges of a node; one of no size for none, so that
  /// the node is passed over.
  private mutating func limitNodes(to usable: PhysicalRangeSet?) throws(PlanError) {
    let cells: CellCounts
    do throws(DeviceTreeError) {
      cells = try tree.cellCounts(of: "/")
    } catch {
      throw .tree(error)
    }
    for node in tree.root.children where node["device_type"]?.string == "memory" {
      let path = "/" + node.name
      guard let usable else {
        try delete(
          DeviceTree.usableMemory, of: path, reason: "was the last crash kernel's",
          rule: Self.limitRule)
        continue
      }
      guard let value = node["reg"], !value.bytes.isEmpty else { continue }
      guard let tuples = value.tuples(cells) else {
        throw .badMemory(path, "'reg' is no addresses and sizes in the root's cells")
      }
      let parts = PhysicalRangeSet(tuples.compactMap(\.memory)).intersection(usable).ranges
      let entries =
        parts.isEmpty ? [AddressAndSize(address: 0, size: 0)] : parts.map(AddressAndSize.init)
      let bytes = entries.compactMap { PropertyValue($0, cells: cells)?.bytes }
      try set(
        DeviceTree.usableMemory, of: path, to: PropertyValue(bytes: Array(bytes.joined())),
        reason: "the part of it that a crash kernel may use", rule: Self.limitRule)
    }
  }

  /// `linux,drconf-usable-memory`: for each block that is in use a counter, and as many ranges.
  ///
  /// Linux writes a counter for every block, but its readers take none for a block that is not assigned,
  /// or reserved (`arch/powerpc/kernel/prom.c:early_init_drmem_lmb`): behind the first such they are
  /// off by one. Here those that readers pass over have none. Where they are the last, the crash kernel
  /// reads the same from both.
  private mutating func limitBlocks(to usable: PhysicalRangeSet?) throws(PlanError) {
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

// MARK: - Reservations

extension TreeFitting {
  /// The memory that the crashed kernel had, but for the first 64 KiB, which every kernel uses and which are
  /// backed up; and that backup.
  mutating func reserveCrashedMemory() {
    guard let crash = handover.crash, let main = crash.usableMemory.first else { return }
    let rule = Rule.linux("arch/powerpc/kexec/file_load_64.c", "setup_new_fdt_ppc64")
    if let crashed = PhysicalRange(start: Self.firstMemory, end: main.start) {
      reserve(crashed, reason: "what the crashed kernel had", rule: rule)
    }
    if let backup = crash.backup.flatMap({ PhysicalRange(start: $0, size: Self.firstMemory) }) {
      reserve(backup, reason: "the copy of the first 64 KiB", rule: rule)
    }
  }

  /// The same of the last hand-over, when the running kernel is a crash kernel itself.
  mutating func releaseCrashedMemory() {
    let range = try? tree.property(ChosenProperty.usableMemory, of: ChosenProperty.node)
    guard let cells = try? tree.cellCounts(of: "/"),
      let main = range?.tuples(cells)?.first?.memory, main.start > Self.firstMemory
    else { return }
    let rule = Rule.linux("arch/powerpc/kexec/file_load_64.c", "setup_new_fdt_ppc64")
    let services = [liveTree.rtas, liveTree.opal].compactMap { $0 }
    let firmware = PhysicalRangeSet(
      services + liveTree.tableMemory() + liveTree.reservedRanges())
    release(
      AddressAndSize(address: Self.firstMemory, size: main.start - Self.firstMemory),
      reason: "was what the last crashed kernel had", rule: rule)
    for entry in tree.reservations where entry.size == Self.firstMemory {
      // Open Firmware's code reserves all 64 KiB around RTAS, whose size says less.
      guard let memory = entry.memory, main.contains(memory),
        !firmware.overlaps(memory)
      else { continue }
      release(
        entry, reason: "a guess: of its size, the copy of the last crashed kernel's first 64 KiB",
        rule: rule)
    }
  }
}
