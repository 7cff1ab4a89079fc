// SPDX-License-Identifier: Apache-2.0

extension PhysicalRange {
  /// The bytes that are in both ranges; nil when there are none.
  public func intersection(_ other: PhysicalRange) -> PhysicalRange? {
    PhysicalRange(start: max(start, other.start), end: min(end, other.end))
  }

  /// The whole blocks of `alignment` bytes inside the range; nil when there are none.
  ///
  /// For memory that may be used: RAM on x86 need not begin or end with a page.
  ///
  /// - Parameter alignment: a power of two.
  public func roundedInward(to alignment: UInt64) -> PhysicalRange? {
    guard let start = start.roundedUp(to: alignment) else { return nil }
    return PhysicalRange(start: start, end: end.roundedDown(to: alignment))
  }

  /// All blocks of `alignment` bytes that the range touches; at the very top of the address space, as
  /// much of the last one as 64 bits can say.
  ///
  /// For memory that must be kept off.
  ///
  /// - Parameter alignment: a power of two.
  public func roundedOutward(to alignment: UInt64) -> PhysicalRange {
    let end = end.roundedUp(to: alignment) ?? .max
    return PhysicalRange(start: start.roundedDown(to: alignment), end: end) ?? self
  }
}

extension PhysicalRange: Comparable {
  /// By start, then by end.
  public static func < (one: PhysicalRange, other: PhysicalRange) -> Bool {
    (one.start, one.end) < (other.start, other.end)
  }
}

extension UInt64 {
  /// The same number, or the next lower multiple of a power of two.
  package func roundedDown(to alignment: UInt64) -> UInt64 {
    precondition(alignment.nonzeroBitCount == 1, "an alignment is a power of two")
    return self & ~(alignment - 1)
  }

  /// The same number, or the next higher multiple of a power of two; nil beyond 64 bits.
  package func roundedUp(to alignment: UInt64) -> UInt64? {
    let (sum, overflow) = addingReportingOverflow(alignment &- 1)
    return overflow ? nil : sum.roundedDown(to: alignment)
  }
}
