// SPDX-License-Identifier: Apache-2.0

/// A set of physical addresses: ranges in rising order that neither touch nor overlap.
public struct PhysicalRangeSet: Hashable, Sendable {
  /// The ranges, lowest first.
  public private(set) var ranges: [PhysicalRange] = []

  /// The union of any ranges, in any order.
  public init(_ ranges: some Sequence<PhysicalRange>) {
    let ranges = Array(ranges)
    self.init(ascending: ranges.isAscending ? ranges : ranges.sorted())
  }

  /// The union of ranges in rising order of their starts.
  private init(ascending ranges: [PhysicalRange]) {
    guard var open = ranges.first else { return }
    var joined: [PhysicalRange] = []
    joined.reserveCapacity(ranges.count)
    for range in ranges {
      if range.start <= open.end {
        open = PhysicalRange(start: open.start, end: max(open.end, range.end)) ?? open
      } else {
        joined.append(open)
        open = range
      }
    }
    joined.append(open)
    self.ranges = joined
  }

  /// Whether the set has no address.
  public var isEmpty: Bool { ranges.isEmpty }

  /// The number of bytes in the set.
  public var size: UInt64 { ranges.reduce(0) { $0 + $1.size } }

  /// Whether every byte of the range is in the set.
  public func contains(_ range: PhysicalRange) -> Bool {
    firstRange(endingAfter: range.start)?.contains(range) ?? false
  }

  /// Whether some byte of the range is in the set.
  public func overlaps(_ range: PhysicalRange) -> Bool {
    firstRange(endingAfter: range.start)?.overlaps(range) ?? false
  }

  /// The lowest range that ends after an address: the one with the address, or the next above.
  func firstRange(endingAfter address: UInt64) -> PhysicalRange? {
    let index = firstIndex(endingAfter: address)
    return index < ranges.count ? ranges[index] : nil
  }

  /// The index of that range; the number of ranges if there is none.
  func firstIndex(endingAfter address: UInt64) -> Int {
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].end <= address { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

// MARK: - Sets of sets

extension PhysicalRangeSet {
  /// The addresses that are in at least one of the two sets.
  public func union(_ other: PhysicalRangeSet) -> PhysicalRangeSet {
    PhysicalRangeSet(ranges + other.ranges)
  }

  /// The addresses that are in both sets.
  public func intersection(_ other: PhysicalRangeSet) -> PhysicalRangeSet {
    guard let first = ranges.first, let otherFirst = other.ranges.first else {
      return PhysicalRangeSet([])
    }
    var common: [PhysicalRange] = []
    // Binary searches, because one set may be a single range among thousands.
    var mine = firstIndex(endingAfter: otherFirst.start)
    var theirs = other.firstIndex(endingAfter: first.start)
    while mine < ranges.count, theirs < other.ranges.count {
      let (one, two) = (ranges[mine], other.ranges[theirs])
      if let both = one.intersection(two) { common.append(both) }
      if one.end < two.end { mine += 1 } else { theirs += 1 }
    }
    return PhysicalRangeSet(ascending: common)
  }

  /// The addresses of this set that are not in the other one.
  public func subtracting(_ other: PhysicalRangeSet) -> PhysicalRangeSet {
    PhysicalRangeSet(ascending: ranges.subtracting(other))
  }

  /// The whole blocks of `alignment` bytes, a power of two, inside the ranges.
  public func roundedInward(to alignment: UInt64) -> PhysicalRangeSet {
    PhysicalRangeSet(ascending: ranges.compactMap { $0.roundedInward(to: alignment) })
  }

  /// All blocks of `alignment` bytes, a power of two, that the ranges touch.
  public func roundedOutward(to alignment: UInt64) -> PhysicalRangeSet {
    PhysicalRangeSet(ascending: ranges.map { $0.roundedOutward(to: alignment) })
  }
}

extension Collection<PhysicalRange> {
  /// Each range without the addresses of a set, in the same order; neighbours are not joined.
  ///
  /// Linear for ranges in rising order; each step back costs a search.
  public func subtracting(_ set: PhysicalRangeSet) -> [PhysicalRange] {
    set.complement(in: Array(self))
  }
}

extension PhysicalRangeSet {
  /// The same, not generic: other modules cannot specialise the function above.
  fileprivate func complement(in list: [PhysicalRange]) -> [PhysicalRange] {
    var rest: [PhysicalRange] = []
    rest.reserveCapacity(list.count + ranges.count)
    var lastStart = list.first?.start ?? 0
    var next = firstIndex(endingAfter: lastStart)
    for range in list {
      if range.start < lastStart { next = firstIndex(endingAfter: range.start) }
      lastStart = range.start
      while next < ranges.count, ranges[next].end <= range.start { next += 1 }

      var (start, cut) = (range.start, next)
      while cut < ranges.count, ranges[cut].start < range.end {
        if let gap = PhysicalRange(start: start, end: ranges[cut].start) { rest.append(gap) }
        start = ranges[cut].end
        cut += 1
      }
      if let gap = PhysicalRange(start: start, end: range.end) { rest.append(gap) }
    }
    return rest
  }
}

extension [PhysicalRange] {
  /// Whether no start is below the one before it.
  fileprivate var isAscending: Bool {
    var last = UInt64.min
    for range in self {
      guard last <= range.start else { return false }
      last = range.start
    }
    return true
  }
}
