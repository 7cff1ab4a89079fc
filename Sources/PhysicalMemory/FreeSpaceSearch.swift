// SPDX-License-Identifier: Apache-2.0

/// The search for free memory, with the result of Linux `kernel/kexec_file.c:kexec_locate_mem_hole`.
///
/// The kernel tries page after page, and its sums wrap at both ends of the address space; this search skips
/// a whole conflict, and nothing wraps.
public struct FreeSpaceSearch: Hashable, Sendable {
  /// Bytes, in whole pages: `memsz`.
  public let size: UInt64
  /// The alignment of the start, at least a page: `buf_align`.
  public let alignment: UInt64
  /// The allowed addresses: `buf_min` to `buf_max`; nil for any.
  public let bounds: PhysicalRange?
  /// Whether the lowest or the highest place is found: `top_down`.
  public let direction: Direction

  /// The direction of the search.
  public enum Direction: Hashable, Sendable {
    /// Finds the lowest place.
    case upward
    /// Finds the highest place.
    case downward
  }

  /// A search; nil when `size` is 0 or, in whole pages, more than 64 bits, and when `alignment` or
  /// `pageSize` is no power of two.
  ///
  /// - Parameters:
  ///   - size: bytes; rounded up to whole pages.
  ///   - alignment: bytes; raised to `pageSize`.
  ///   - pageSize: bytes in a page of the running kernel.
  ///   - bounds: the allowed addresses; nil for any.
  ///   - direction: upward or downward.
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

  /// The place, inside one of the ranges; nil if no range has room.
  ///
  /// - Parameters:
  ///   - ranges: usable memory, in rising order.
  ///   - taken: memory in use: placed segments, and exclusions of the architecture.
  public func place(
    in ranges: [PhysicalRange], avoiding taken: PhysicalRangeSet = PhysicalRangeSet([])
  ) -> PhysicalRange? {
    let isUpward = direction == .upward
    for index in ranges.indices {
      let range = ranges[isUpward ? index : ranges.count - 1 - index]
      guard let allowed = bounds.map(range.intersection) ?? range else { continue }
      let place = isUpward ? lowestPlace(in: allowed, taken) : highestPlace(in: allowed, taken)
      if let place { return place }
    }
    return nil
  }

  private func lowestPlace(in range: PhysicalRange, _ taken: PhysicalRangeSet) -> PhysicalRange? {
    var start = range.start.roundedUp(to: alignment)
    while let candidate = start.flatMap({ PhysicalRange(start: $0, size: size) }),
      range.contains(candidate)
    {
      guard let conflict = taken.conflict(with: candidate) else { return candidate }
      start = conflict.end.roundedUp(to: alignment)
    }
    return nil
  }

  private func highestPlace(in range: PhysicalRange, _ taken: PhysicalRangeSet) -> PhysicalRange? {
    var end = range.end
    while end >= size {
      let start = (end - size).roundedDown(to: alignment)
      guard let candidate = PhysicalRange(start: start, size: size), range.contains(candidate)
      else { return nil }
      guard let conflict = taken.conflict(with: candidate) else { return candidate }
      end = conflict.start
    }
    return nil
  }
}

extension PhysicalRangeSet {
  /// The lowest range of the set that overlaps another range.
  fileprivate func conflict(with other: PhysicalRange) -> PhysicalRange? {
    firstRange(endingAfter: other.start).flatMap { $0.overlaps(other) ? $0 : nil }
  }
}
