// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// A machine's memory as a picture: text for a terminal, or SVG for a bug report.
///
/// Both show the same: all of memory to scale, without its holes; then, row by row, what is in it, with
/// neighbours of no interest summed up. Any ranges can be drawn: they may overlap, repeat, and end
/// where 64 bits end.
public struct MemoryPicture: Hashable, Sendable {
  /// A range of addresses and what it is used for.
  public struct Item: Hashable, Sendable {
    /// What it is called; what a terminal or XML would not show as it is, is shown as numbers.
    public let name: String
    /// The addresses.
    public let range: PhysicalRange
    /// The use, which decides what is painted over what.
    public let kind: Kind

    /// A range with its name and use.
    public init(_ name: String, _ range: PhysicalRange, _ kind: Kind) {
      self.name = name
      self.range = range
      self.kind = kind
    }
  }

  /// What the picture is of, in one line.
  public let title: String
  /// What is told of the whole, a line below the title.
  let summary: String
  /// All of memory in rising order, holes included.
  let pieces: [Piece]
  /// The same, as few as a person reads.
  let rows: [Row]
  /// Which rows have a scale in common.
  let parts: [ZoomPart]

  /// A picture of any items, in any order.
  ///
  /// Where items overlap, the later kind is seen; of one kind, the one that starts later.
  public init(_ items: [Item], title: String) {
    self.title = title.shown(limit: 160)
    summary = Self.summary(of: items)
    pieces = Self.pieces(of: items)
    rows = Self.rows(of: pieces)
    parts = Self.parts(of: rows)
  }
}
