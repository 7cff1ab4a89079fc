// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import KexecFacts
import KexecRules
public import PhysicalMemory

/// Where a segment of a plan is, and why there.
public struct Placement: Hashable, Sendable {
  /// The segment.
  public let kind: SegmentKind
  /// Its memory, in whole pages.
  public let range: PhysicalRange
  /// How it got its place.
  public let reason: String
  /// The kernel function that does the same.
  public let rule: Rule
}

extension Placement: CustomStringConvertible {
  /// One line: what, where, why.
  public var description: String { "placed \(kind) at \(range): \(reason)\(rule.note)" }
}

/// The segments of a plan while they get their places, one after the other.
struct Placing {
  let memory: PlanMemory
  let pageSize: UInt64
  /// What places are a multiple of where there is room: the next kernel's pages may be larger.
  let preferredAlignment: UInt64
  private(set) var placements: [Placement] = []

  /// Takes the lowest or highest free place for a segment.
  ///
  /// - Throws: `KexecError.noRoom(_:)`.
  @discardableResult
  mutating func place(
    _ kind: SegmentKind, size: UInt64, alignment: UInt64, _ direction: FreeSpaceSearch.Direction,
    within window: PhysicalRange?, rule: Rule
  ) throws(KexecError) -> PhysicalRange {
    let taken = PhysicalRangeSet(placements.map(\.range))
    for alignment in [max(alignment, preferredAlignment), alignment] {
      let search = FreeSpaceSearch(
        size: size, alignment: alignment, pageSize: pageSize, within: window, direction)
      guard let place = search?.place(in: memory.free, avoiding: taken) else { continue }
      let end = direction == .upward ? "lowest" : "highest"
      placements.append(
        Placement(
          kind: kind, range: place,
          reason: "the \(end) free multiple of \(hex(max(alignment, pageSize)))", rule: rule))
      return place
    }
    throw .noRoom(noRoom(for: "\(kind)", size: size, alignment: alignment, within: window))
  }

  /// Moves the start of the last segment: an arm64 kernel may start at an offset from the place found.
  mutating func shiftLast(by offset: UInt64) -> PhysicalRange? {
    guard offset > 0, let last = placements.last,
      let range = PhysicalRange(start: last.range.start + offset, end: last.range.end)
    else { return nil }
    placements[placements.count - 1] = Placement(
      kind: last.kind, range: range, reason: "\(last.reason), plus an offset of \(hex(offset))",
      rule: last.rule)
    return range
  }

  /// Refuses a main region whose free rest has no room for the kernel's control pages.
  func checkRoomForControlPages() throws(KexecError) {
    let size = PlacementRules.controlPagesSize
    let taken = PhysicalRangeSet(placements.map(\.range))
    let search = FreeSpaceSearch(size: size, pageSize: pageSize, .upward)
    guard search?.place(in: memory.free, avoiding: taken) == nil else { return }
    throw .noRoom(noRoom(for: "control pages", size: size, alignment: pageSize, within: nil))
  }

  func noRoom(
    for segment: String, size: UInt64, alignment: UInt64, within window: PhysicalRange?
  ) -> NoRoom {
    let taken = PhysicalRangeSet(placements.map(\.range))
    let free = memory.free.subtracting(taken).compactMap { range in
      window.map { range.intersection($0) } ?? range
    }
    let occupants =
      placements.map { NoRoom.Occupant("the \($0.kind)", $0.range) } + memory.occupants
    return NoRoom(
      for: segment, size: size.roundedUp(to: pageSize) ?? size, alignment: max(alignment, pageSize),
      window: window == PhysicalRange(start: 0, end: .max) ? nil : window,
      largest: free.max { $0.size < $1.size },
      inTheWay: occupants.filter { window?.overlaps($0.range) ?? true })
  }
}

/// The memory that the segments of a plan may be placed in.
struct PlanMemory {
  /// Whole pages, in rising order.
  let free: [PhysicalRange]
  /// What else is in that memory: named when there is no room.
  let occupants: [NoRoom.Occupant]

  /// What the next kernel's tree says of memory: the RAM it knows, nil for any, and memory that is kept.
  typealias OfTree = (known: PhysicalRangeSet?, kept: [NoRoom.Occupant])

  /// For a crash kernel: the main region, and nothing else
  /// (`kernel/kexec_core.c:sanity_check_segment_list`).
  init(inCrashRegion region: PhysicalRange, _ tree: OfTree, pageSize: UInt64) {
    self.init([region], tree.known, tree.kept.filter { $0.range.overlaps(region) }, pageSize)
  }

  /// For an ordinary kexec: RAM that the firmware reported, without what the running kernel has reserved
  /// and without the crash regions, whose kernel may be loaded.
  ///
  /// - Parameter sparesKernel: whether the running kernel is in the way too. It need not be: the segments are
  ///   copied when nothing of it is needed any more.
  init(
    forKexecOn machine: MachineSnapshot, _ tree: OfTree, pageSize: UInt64, sparesKernel: Bool
  ) {
    let kernel = sparesKernel ? machine.kernelImage : nil
    let own =
      machine.crashRegions.map { ("a crash region", $0) }
      + [kernel].compactMap { $0 }.map { ("the running kernel", $0) }
      + machine.reserved.map { ("what the running kernel reserved", $0) }
    self.init(
      machine.systemRAM ?? [], tree.known, tree.kept + own.map(NoRoom.Occupant.init), pageSize)
  }

  private init(
    _ memory: [PhysicalRange], _ known: PhysicalRangeSet?, _ occupants: [NoRoom.Occupant],
    _ pageSize: UInt64
  ) {
    let kept = PhysicalRangeSet(occupants.map(\.range)).roundedOutward(to: pageSize)
    let all = PhysicalRangeSet(memory)
    free =
      (known.map(all.intersection) ?? all).roundedInward(to: pageSize)
      .subtracting(kept).ranges
    self.occupants = occupants
  }
}
