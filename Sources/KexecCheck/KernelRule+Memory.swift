// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// The memory that the kernel will use, and what it keeps off.
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
      "segments-in-memory", "each segment is in memory that the tree tells of",
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
          Problem("\(segment.range) is in memory that the tree keeps, \($0)", at: segment.name)
        }
      }
    },
  ]
}
