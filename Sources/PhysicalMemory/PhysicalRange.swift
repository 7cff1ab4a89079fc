// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// A half-open range of physical addresses, in bytes of memory; never empty, never wrapping.
///
/// `end` is one past the last byte and fits 64 bits, so sums on a range need no check. (The last byte of
/// the 64-bit address space cannot be in a range; no machine has memory there.)
public struct PhysicalRange: Hashable, Sendable {
  /// The address of the first byte.
  public let start: UInt64
  /// The address after the last byte.
  public let end: UInt64

  /// The number of bytes; at least 1.
  public var size: UInt64 { end - start }
  /// The address of the last byte: the inclusive end, as `/proc/iomem` prints it.
  public var lastByte: UInt64 { end - 1 }

  /// A range of `size` bytes; nil when it is empty or passes the end of the address space.
  public init?(start: UInt64, size: UInt64) {
    let (end, overflow) = start.addingReportingOverflow(size)
    guard size > 0, !overflow else { return nil }
    self.start = start
    self.end = end
  }

  /// A range up to, not including, `end`; nil when it is empty.
  public init?(start: UInt64, end: UInt64) {
    guard start < end else { return nil }
    self.start = start
    self.end = end
  }

  /// A range that ends with the byte `lastByte`; nil when it is empty.
  public init?(start: UInt64, lastByte: UInt64) {
    guard lastByte < .max else { return nil }
    self.init(start: start, end: lastByte + 1)
  }

  /// A constant range, not empty.
  package init(_ range: Range<UInt64>) {
    precondition(!range.isEmpty, "a constant range is not empty")
    (start, end) = (range.lowerBound, range.upperBound)
  }

  /// Whether every byte of the other range is in this one.
  public func contains(_ other: PhysicalRange) -> Bool {
    start <= other.start && other.end <= end
  }

  /// Whether the two ranges share a byte.
  public func overlaps(_ other: PhysicalRange) -> Bool {
    start < other.end && other.start < end
  }
}

extension PhysicalRange: CustomStringConvertible {
  /// `0x48000000-0x481f9bb7`: first and last byte, as in `/proc/iomem`.
  public var description: String { "\(hex(start))-\(hex(lastByte))" }
}

extension PhysicalRange {
  /// Reads a range from a command line.
  ///
  /// Three forms: `START+SIZE`, `START-LAST` (inclusive, as in `/proc/iomem`) and `SIZE@START` (as
  /// `crashkernel=`). Numbers are decimal or `0x…`; a size, and the start after `@`, may end in K, M or G. Nil
  /// for any other text, for an empty range and for one that wraps.
  public init?(text: String) {
    if let (start, size) = text.splitOnce(at: "+") {
      guard let start = UInt64(address: start), let size = UInt64(size: size) else { return nil }
      self.init(start: start, size: size)
    } else if let (size, start) = text.splitOnce(at: "@") {
      guard let start = UInt64(size: start), let size = UInt64(size: size) else { return nil }
      self.init(start: start, size: size)
    } else if let (start, last) = text.splitOnce(at: "-") {
      guard let start = UInt64(address: start), let last = UInt64(address: last) else { return nil }
      self.init(start: start, lastByte: last)
    } else {
      return nil
    }
  }

  /// The forms of ``init(text:)``, in messages.
  package static var textForms: String {
    "a range is START+SIZE, START-LAST or SIZE@START, of at least one byte and below 2^64"
  }
}

extension String {
  /// The text before and after the first `separator`; nil without one.
  fileprivate func splitOnce(at separator: Character) -> (Substring, Substring)? {
    guard let place = firstIndex(of: separator) else { return nil }
    return (self[..<place], self[index(after: place)...])
  }
}

extension PhysicalRange {
  /// The bytes in both ranges; nil for none.
  public func intersection(_ other: PhysicalRange) -> PhysicalRange? {
    PhysicalRange(start: max(start, other.start), end: min(end, other.end))
  }

  /// The whole blocks of `alignment` bytes inside the range; nil for none.
  ///
  /// For usable memory: RAM on x86 need not begin or end with a page.
  ///
  /// - Parameter alignment: a power of two.
  public func roundedInward(to alignment: UInt64) -> PhysicalRange? {
    guard let start = start.roundedUp(to: alignment) else { return nil }
    return PhysicalRange(start: start, end: end.roundedDown(to: alignment))
  }

  /// All blocks of `alignment` bytes that the range touches; the last one is cut at the top of the address
  /// space.
  ///
  /// For memory that must not be used.
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
