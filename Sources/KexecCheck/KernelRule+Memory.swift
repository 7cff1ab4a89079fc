// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// The memory that the kernel will use, and what is reserved.
  static let memory: [KernelRule] = [
    // The memory of a board's tree may be left to its firmware, also in a plan.
    .init(
      "some-memory", .finishedTree, at: "memory", "the kernel has memory",
      by: .fdt("early_init_dt_scan_memory")
    ) { tree, reading in
      guard let memory = tree.memory, memory.usable.isEmpty,
        reading.subject == .tree || !memory.ram.isEmpty
      else { return [] }
      return ["the kernel will have none"]
    },
    .segment(
      "segments-in-memory", "each segment is in memory that the tree describes",
      by: .fdt("early_init_dt_scan_memory")
    ) { segment, reading in
      guard let memory = reading.tree?.memory, !memory.ram.isEmpty, !memory.usable.isEmpty,
        !memory.usable.contains(segment.range)
      else { return nil }
      return "\(segment.range) is not in memory that the next kernel knows"
    },
    .init(
      "segments-unreserved", .planTree, "no segment is in memory reserved for something else",
      by: .fdt("early_init_fdt_scan_reserved_mem")
    ) { known, _ in
      let (tree, plan) = known
      let own = [tree.initrd, tree.coreHeader, plan[.backup]?.range, tree.imaBuffer]
      let extras = plan.extras.compactMap(\.exactRange)
      let kept = tree.reserved.ranges.subtracting(PhysicalRangeSet(own.compactMap { $0 } + extras))
      return plan.segments.compactMap { segment in
        kept.first(where: segment.range.overlaps).map {
          Problem("\(segment.range) is in memory that the tree reserves, \($0)", at: segment.name)
        }
      }
    },
  ]

  /// `linux,usable-memory-range`: a crash kernel that uses more than its own memory destroys the dump.
  static let crashMemory: [KernelRule] = [
    .init(
      "no-cap", .tree, at: cap, "the memory of an ordinary kernel is not capped", by: capReader,
      for: [.kexec]
    ) { tree, reading in
      guard reading.countsCap, tree[ChosenProperty.usableMemory] != nil else { return [] }
      return ["caps the memory of an ordinary kernel"]
    },
    .init(
      "cap", .tree, at: cap, "the memory of a crash kernel is capped", by: capReader, for: [.crash]
    ) { tree, reading in
      guard reading.countsCap, tree[ChosenProperty.usableMemory] == nil else { return [] }
      return ["missing: the crash kernel would destroy the dump"]
    },
    // From 7.3 on a kernel reads six ranges.
    .init(
      "cap-ranges", .tree, at: cap, "the property is one or two ranges in the root's cells",
      by: capReader, for: [.crash], until: KernelRelease(7, 2)
    ) { tree, reading in
      guard reading.countsCap, tree[ChosenProperty.usableMemory] != nil, tree.cap == nil else {
        return []
      }
      return ["not one or two ranges: the kernel ignores it"]
    },
    .init(
      "cap-own", .tree, at: cap, "each range is in memory that is set apart for crash kernels",
      by: capReader, for: [.crash]
    ) { tree, reading in
      let regions = PhysicalRangeSet(reading.machine.crashRegions)
      guard reading.countsCap, !regions.isEmpty, let cap = tree.cap else { return [] }
      return cap.compactMap(\.memory).filter { !regions.contains($0) }.map {
        "\($0) is not set apart for crash kernels"
      }
    },
    .init(
      "cap-first", .treeAlone, at: cap, "elfcorehdr and initrd are in the first range",
      by: capReader, for: [.crash]
    ) { tree, reading in
      guard reading.countsCap, let main = tree.cap?.first?.memory else { return [] }
      return [tree.coreHeader, tree.initrd].compactMap { $0 }.filter { !main.contains($0) }.map {
        "\($0) is not in its first range, \(main)"
      }
    },
    // In another range, the kernel would lose its tree.
    .init(
      "cap-first-loaded", .planTree, "all segments are in the first range", by: capReader,
      for: [.crash]
    ) {
      known, _ in
      guard let main = known.tree.cap?.first?.memory else { return [] }
      return known.plan.segments.filter { !main.contains($0.range) }.prefix(1).map {
        Problem("\($0.range) is not in the first range of usable memory, \(main)", at: $0.name)
      }
    },
  ]

  private static let cap = property(ChosenProperty.usableMemory)
  private static let capReader = RuleReader.fdt("early_init_dt_check_for_usable_mem_range")
}

extension ReadTree {
  /// The ranges of usable memory; nil for a property that a kernel ignores.
  fileprivate var cap: [AddressAndSize]? {
    guard let tuples = tuples(ChosenProperty.usableMemory),
      1...CrashHandover.mostUsableRanges ~= tuples.count, tuples[0].memory != nil
    else { return nil }
    return tuples
  }
}

extension Reading {
  /// Whether the property is checked: powerpc kernels write it and do not read it, so that only trees made here
  /// need to have it.
  fileprivate var countsCap: Bool { subject != .tree || architecture.readsUsableRange }
}
