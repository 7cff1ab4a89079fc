// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import PhysicalMemory

/// Why a segment of a plan has no place.
public struct NoRoom: Hashable, Sendable {
  /// What it is: the name of a segment, or `control pages`.
  public let segment: String
  /// Bytes that it takes, in whole pages.
  public let size: UInt64
  /// What its place has to be a multiple of.
  public let alignment: UInt64
  /// Where it may be; nil for anywhere.
  public let window: PhysicalRange?
  /// The largest free range there; nil when there is none.
  public let largest: PhysicalRange?
  /// What is there: other segments, and reserved memory.
  public let inTheWay: [Occupant]

  /// Something that memory is kept for.
  public struct Occupant: Hashable, Sendable {
    /// What it is.
    public let name: String
    /// Where it is.
    public let range: PhysicalRange

    package init(_ name: String, _ range: PhysicalRange) {
      self.name = name
      self.range = range
    }
  }

  package init(
    for segment: String, size: UInt64, alignment: UInt64, window: PhysicalRange? = nil,
    largest: PhysicalRange?, inTheWay: [Occupant]
  ) {
    (self.segment, self.size, self.alignment, self.window) = (segment, size, alignment, window)
    (self.largest, self.inTheWay) = (largest, inTheWay)
  }

  /// Bytes that are missing; 0 when the largest range has enough, but no aligned place.
  public var missing: UInt64 { size - min(size, largest?.size ?? 0) }
}

extension NoRoom: CustomStringConvertible {
  /// One line: what, how much is missing, and what is in the way.
  public var description: String {
    let place = window.map { " in \($0)" } ?? ""
    let found =
      switch largest {
      case nil: "nothing is free there"
      case let range? where missing == 0:
        "the largest free range, \(range), has no multiple of \(hex(alignment)) at which it fits"
      case let range?:
        "the largest free range, \(range), is \(missing) bytes too small"
      }
    let occupants = inTheWay.prefix(4).map { "\($0.name) at \($0.range)" }
    let way = occupants.isEmpty ? "" : "; in the way: " + occupants.joined(separator: ", ")
    return "no room for the \(segment), \(size) bytes\(place): \(found)\(way)"
  }
}
