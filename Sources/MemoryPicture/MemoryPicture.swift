// SPDX-License-Identifier: Apache-2.0

package import PhysicalMemory

/// A machine's memory as a picture: text for a terminal, or SVG for a bug report.
///
/// Both show all of memory to scale, without its holes; then a row for each area, with neighbours of
/// less interest summed up and the axis broken where a large one would leave the others no room. Any ranges
/// can be drawn, a million of them: they may overlap, repeat, and end where 64 bits end. Names are shown
/// such that neither a terminal nor XML takes them for more than text.
package struct MemoryPicture: Hashable, Sendable {
  /// A range of addresses and its use.
  package struct Item: Hashable, Sendable {
    package let name: String
    package let range: PhysicalRange
    package let kind: Kind

    package init(_ name: String, _ range: PhysicalRange, _ kind: Kind) {
      self.name = name
      self.range = range
      self.kind = kind
    }
  }

  let title: String
  /// The line below the title.
  let summary: String
  /// All of memory in rising order, holes included.
  let areas: [Area]
  /// The areas that a person reads, and sums of the others.
  let rows: [Row]
  /// Rows with one scale.
  let parts: [ZoomPart]

  /// A picture of any items, in any order.
  ///
  /// Where items overlap, the later kind is seen; of one kind, the one that starts later.
  package init(_ items: [Item], title: String) {
    self.title = title.shown(limit: 160)
    summary = Self.summary(of: items)
    areas = Self.areas(of: items)
    rows = Self.rows(of: areas)
    parts = Self.parts(of: rows)
  }
}

extension MemoryPicture {
  /// A use of memory; later ones are painted over earlier ones.
  package enum Kind: Int, Hashable, Sendable, CaseIterable {
    case ram
    /// Memory that a driver added.
    case driverRAM
    /// Any other addresses: tables of the firmware, a device.
    case other, reserved, kernel, crash
    /// A segment of a plan.
    case segment
  }
}

extension MemoryPicture.Kind: Comparable {
  package static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }

  /// The name in a legend, the glyph with and without shades, and the colour (ECMA-48, SGR).
  var look: (name: String, shade: Character, ascii: Character, color: String) {
    switch self {
    case .ram: ("RAM", "·", ".", "0")
    case .driverRAM: ("RAM of a driver", "∙", ",", "36")
    case .other: ("other", "+", "+", "35")
    case .reserved: ("reserved", "░", ":", "90")
    case .kernel: ("running kernel", "▓", "%", "34")
    case .crash: ("crash kernel", "▒", "=", "33")
    case .segment: ("segment", "█", "#", "1;32")
    }
  }

  var name: String { look.name }

  /// Whether its addresses are memory.
  var isMemory: Bool { self != .other && self != .reserved }

  /// Whether its areas are shown one by one, and to scale.
  var isOfInterest: Bool { self >= .kernel }

  /// Whether adjacent areas are joined.
  var isJoined: Bool { self <= .kernel }
}
