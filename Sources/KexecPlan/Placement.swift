// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KexecCheck
public import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
public import PhysicalMemory

/// Where a part of a plan lies, and why there.
public struct Placement: Hashable, Sendable {
  /// The part.
  public let part: SegmentKind
  /// Its memory, in whole pages.
  public let range: PhysicalRange
  /// How it got its place.
  public let reason: String
  /// Whose way that is.
  public let rule: Rule
}

extension Placement: CustomStringConvertible {
  /// One line: what, where, why.
  public var description: String { "placed \(part) at \(range): \(reason)\(rule.note)" }
}

/// The parts of a plan while they get their places, one after the other.
struct Placing {
  let memory: PlanMemory
  let pageSize: UInt64
  /// What places are a multiple of where there is room: the next kernel's pages may be larger.
  let preferredAlignment: UInt64
  private(set) var placements: [Placement] = []

  init(in memory: PlanMemory, pageSize: UInt64, preferredAlignment: UInt64) {
    self.memory = memory
    self.pageSize = pageSize
    self.preferredAlignment = preferredAlignment
  }

  /// Takes the lowest or highest place there is for a part.
  ///
  /// - Throws: `KexecError.noRoom(_:)`.
  @discardableResult
  mutating func place(
    _ part: SegmentKind, size: UInt64, alignment: UInt64, _ direction: FreeSpaceSearch.Direction,
    within window: PhysicalRange?, rule: Rule
  ) throws(KexecError) -> PhysicalRange {
    let taken = PhysicalRangeSet(placements.map(\.range))
    let alignments = [max(alignment, preferredAlignment), alignment]
    for alignment in alignments {
      let search = FreeSpaceSearch(
        size: size, alignment: alignment, pageSize: pageSize, within: window, direction)
      guard let place = search?.place(in: memory.free, avoiding: taken) else { continue }
      let end = direction == .upward ? "lowest" : "highest"
      placements.append(
        Placement(
          part: part, range: place,
          reason: "the \(end) free multiple of \(hex(max(alignment, pageSize)))", rule: rule))
      return place
    }
    throw .noRoom(noRoom(for: "\(part)", size: size, alignment: alignment, within: window))
  }

  /// Moves the start of the last part: an arm64 kernel may want to lie behind the place that was found.
  mutating func shiftLast(by offset: UInt64) -> PhysicalRange? {
    guard offset > 0, let last = placements.last,
      let range = PhysicalRange(start: last.range.start + offset, end: last.range.end)
    else { return nil }
    placements[placements.count - 1] = Placement(
      part: last.part, range: range, reason: "\(last.reason), and \(hex(offset)) behind",
      rule: last.rule)
    return range
  }

  /// Whether there is room for the control pages of a crash image, which the kernel takes from what the
  /// segments leave of the main region.
  ///
  /// - Throws: `KexecError.noRoom(_:)`.
  func checkRoomForControlPages() throws(KexecError) {
    let size = PlacementRules.controlPagesSize
    let taken = PhysicalRangeSet(placements.map(\.range))
    let search = FreeSpaceSearch(size: size, pageSize: pageSize, .upward)
    guard search?.place(in: memory.free, avoiding: taken) == nil else { return }
    throw .noRoom(noRoom(for: "control pages", size: size, alignment: pageSize, within: nil))
  }

  func noRoom(
    for part: String, size: UInt64, alignment: UInt64, within window: PhysicalRange?
  ) -> NoRoom {
    let taken = PhysicalRangeSet(placements.map(\.range))
    let free = memory.free.subtracting(taken).compactMap { range in
      window.map { range.intersection($0) } ?? range
    }
    let others =
      placements.map { NoRoom.Occupant("the \($0.part)", $0.range) } + memory.occupants
    return NoRoom(
      for: part, size: size.roundedUp(to: pageSize) ?? size, alignment: max(alignment, pageSize),
      window: window == PhysicalRange(start: 0, end: .max) ? nil : window,
      largest: free.max { $0.size < $1.size },
      inTheWay: others.filter { other in window?.overlaps(other.range) ?? true })
  }
}
