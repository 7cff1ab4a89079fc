// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// A half-open range of physical addresses, in bytes of memory; never empty, never wrapping.
///
/// `end` is one past the last byte and always fits 64 bits, so sums on a range that exists need
/// no check. (The last byte of the 64-bit address space is out of reach; no machine has memory there.)
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

  /// A range that is known when the source is written.
  package init(_ range: Range<UInt64>) {
    precondition(!range.isEmpty, "a range that is written down has bytes")
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
  /// `0x48000000-0x481f9bb7`: first and last byte, as `/proc/iomem` counts.
  public var description: String { "\(hex(start))-\(hex(lastByte))" }
}
