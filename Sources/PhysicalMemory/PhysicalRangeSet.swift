// SPDX-License-Identifier: Apache-2.0

/// A set of physical addresses: ranges in rising order that neither touch nor overlap.
public struct PhysicalRangeSet: Hashable, Sendable {
  /// The ranges, lowest first.
  public private(set) var ranges: [PhysicalRange] = []

  /// The union of any ranges, in any order.
  public init(_ ranges: some Sequence<PhysicalRange>) {
    for range in ranges.sorted(by: { $0.start < $1.start }) {
      guard let last = self.ranges.last, range.start <= last.end else {
        self.ranges.append(range)
        continue
      }
      self.ranges[self.ranges.count - 1] = last.extended(to: max(last.end, range.end))
    }
  }

  /// Whether every byte of the range is in the set.
  public func contains(_ range: PhysicalRange) -> Bool {
    ranges.contains { $0.contains(range) }
  }
}

extension PhysicalRange {
  /// The same start, another end that is not below this one's.
  fileprivate func extended(to end: UInt64) -> PhysicalRange {
    PhysicalRange(start: start, end: max(self.end, end)) ?? self
  }
}
