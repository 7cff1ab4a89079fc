// SPDX-License-Identifier: Apache-2.0

import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
import PhysicalMemory

/// The memory that a plan's parts may be placed in.
struct PlanMemory {
  /// Whole pages, in rising order.
  let free: [PhysicalRange]
  /// What else is there: to be named when there is no room.
  let occupants: [NoRoom.Occupant]

  private init(
    _ memory: [PhysicalRange], _ known: PhysicalRangeSet?, _ occupants: [NoRoom.Occupant],
    pageSize: UInt64
  ) {
    let kept = PhysicalRangeSet(occupants.map(\.range)).roundedOutward(to: pageSize)
    let all = PhysicalRangeSet(memory)
    free =
      (known.map(all.intersection) ?? all).roundedInward(to: pageSize)
      .subtracting(kept).ranges
    self.occupants = occupants
  }

  /// For a crash kernel: the main region, and nothing else
  /// (`kernel/kexec_core.c:sanity_check_segment_list`).
  ///
  /// - Parameter tree: what the next kernel's tree says: memory that it knows, and memory that is kept.
  init(
    inCrashRegion region: PhysicalRange,
    _ tree: (known: PhysicalRangeSet?, kept: [NoRoom.Occupant]), pageSize: UInt64
  ) {
    let kept = tree.kept.filter { $0.range.overlaps(region) }
    self.init([region], tree.known, kept, pageSize: pageSize)
  }

  /// For an ordinary kexec: RAM that the firmware reported, without what the running kernel has reserved
  /// and without the crash regions, whose kernel may be loaded.
  ///
  /// - Parameters:
  ///   - tree: what the next kernel's tree says: memory that it knows, and memory that is kept.
  ///   - sparesKernel: whether the running kernel is in the way too. It need not be: the segments are
  ///     copied when nothing of it is wanted any more.
  init(
    forKexecOn machine: MachineSnapshot,
    _ tree: (known: PhysicalRangeSet?, kept: [NoRoom.Occupant]), pageSize: UInt64,
    sparesKernel: Bool
  ) {
    var occupants = tree.kept
    occupants += machine.crashRegions.map { NoRoom.Occupant("a crash region", $0) }
    if sparesKernel, let kernel = machine.kernelImage {
      occupants.append(NoRoom.Occupant("the running kernel", kernel))
    }
    occupants += machine.reserved.map { NoRoom.Occupant("what the running kernel reserved", $0) }
    self.init(machine.systemRAM ?? [], tree.known, occupants, pageSize: pageSize)
  }
}
