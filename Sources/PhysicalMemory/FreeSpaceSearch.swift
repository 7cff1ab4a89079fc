// SPDX-License-Identifier: Apache-2.0

/// The search for room in memory, with the result of Linux `kernel/kexec_file.c:kexec_locate_mem_hole`.
///
/// The kernel tries one page after the other and lets its sums wrap at both ends of the address space;
/// here a conflict is jumped over at once, and nothing wraps.
public struct FreeSpaceSearch: Hashable, Sendable {
  /// The bytes looked for, whole pages: `memsz`.
  public let size: UInt64
  /// What the start is a multiple of, at least a page: `buf_align`.
  public let alignment: UInt64
  /// Where the room may be: `buf_min` to `buf_max`; nil for anywhere.
  public let bounds: PhysicalRange?
  /// Which of several places is taken: `top_down`.
  public let direction: Direction

  /// Which end of memory to begin at.
  public enum Direction: Hashable, Sendable {
    /// The lowest place there is.
    case upward
    /// The highest place there is.
    case downward
  }

  /// A search; nil when `size` is 0 or, in whole pages, more than 64 bits, and when `alignment` or
  /// `pageSize` is no power of two.
  ///
  /// - Parameters:
  ///   - size: bytes; rounded up to whole pages.
  ///   - alignment: bytes; raised to `pageSize`.
  ///   - pageSize: bytes in a page of the running kernel.
  ///   - bounds: where the room may be; nil for anywhere.
  ///   - direction: which end of memory to begin at.
  public init?(
    size: UInt64, alignment: UInt64 = 1, pageSize: UInt64, within bounds: PhysicalRange? = nil,
    _ direction: Direction
  ) {
    guard alignment.nonzeroBitCount == 1, pageSize.nonzeroBitCount == 1, size > 0,
      let size = size.roundedUp(to: pageSize)
    else { return nil }
    self.size = size
    self.alignment = max(alignment, pageSize)
    self.bounds = bounds
    self.direction = direction
  }

  /// The place that is found; nil when there is no room.
  ///
  /// - Parameters:
  ///   - ranges: memory that may be used, in rising order. The room lies within one of them.
  ///   - taken: memory that is in use: segments that have a place, and what the architecture excludes.
  public func place(
    in ranges: [PhysicalRange], avoiding taken: PhysicalRangeSet = PhysicalRangeSet([])
  ) -> PhysicalRange? {
    switch direction {
    case .upward:
      for range in ranges {
        if let place = lowestPlace(in: range, taken) { return place }
      }
    case .downward:
      for range in ranges.reversed() {
        if let place = highestPlace(in: range, taken) { return place }
      }
    }
    return nil
  }

  private func lowestPlace(in range: PhysicalRange, _ taken: PhysicalRangeSet) -> PhysicalRange? {
    guard let window = window(in: range) else { return nil }
    var start = window.start.roundedUp(to: alignment)
    while let candidate = start.flatMap({ PhysicalRange(start: $0, size: size) }),
      window.contains(candidate)
    {
      guard let conflict = taken.conflict(with: candidate) else { return candidate }
      start = conflict.end.roundedUp(to: alignment)
    }
    return nil
  }

  private func highestPlace(in range: PhysicalRange, _ taken: PhysicalRangeSet) -> PhysicalRange? {
    guard let window = window(in: range) else { return nil }
    var end = window.end
    while end >= size {
      let start = (end - size).roundedDown(to: alignment)
      guard let candidate = PhysicalRange(start: start, size: size), window.contains(candidate)
      else { return nil }
      guard let conflict = taken.conflict(with: candidate) else { return candidate }
      end = conflict.start
    }
    return nil
  }

  private func window(in range: PhysicalRange) -> PhysicalRange? {
    guard let bounds else { return range }
    return range.intersection(bounds)
  }
}

extension PhysicalRangeSet {
  /// The lowest range of the set that shares memory with another one.
  fileprivate func conflict(with other: PhysicalRange) -> PhysicalRange? {
    guard let range = firstRange(endingAfter: other.start), range.overlaps(other) else {
      return nil
    }
    return range
  }
}
