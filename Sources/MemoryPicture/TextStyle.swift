// SPDX-License-Identifier: Apache-2.0

extension MemoryPicture {
  /// What a terminal can show.
  public struct TextStyle: Hashable, Sendable {
    /// Columns; never fewer than 20.
    public let width: Int
    /// Whether uses are told apart by colour too: the 16 colours of ANSI (ECMA-48).
    public let hasColors: Bool
    /// Whether there are shades and lines to draw with; else it is ASCII.
    public let hasShades: Bool

    /// A style; without a word, for a file that anyone can read.
    public init(width: Int = 80, hasColors: Bool = false, hasShades: Bool = false) {
      self.width = max(20, width)
      self.hasColors = hasColors
      self.hasShades = hasShades
    }
  }
}

extension MemoryPicture.TextStyle {
  /// One column of a use; a blank for a hole.
  func glyph(_ kind: MemoryPicture.Kind?) -> Character {
    switch kind {
    case nil: " "
    case .ram: hasShades ? "·" : "."
    case .driverRAM: hasShades ? "∙" : ","
    case .other: "+"
    case .reserved: hasShades ? "░" : ":"
    case .kernel: hasShades ? "▓" : "%"
    case .crash: hasShades ? "▒" : "="
    case .segment: hasShades ? "█" : "#"
    }
  }

  /// Where the axis is broken.
  var breakMark: Character { hasShades ? "≈" : "~" }
  /// The ends of a bar.
  var edge: Character { hasShades ? "│" : "|" }

  /// The parameters of ECMA-48's SGR for a use.
  static func color(_ kind: MemoryPicture.Kind?) -> String {
    switch kind {
    case nil, .ram: "0"
    case .driverRAM: "36"
    case .other: "35"
    case .reserved: "90"
    case .kernel: "34"
    case .crash: "33"
    case .segment: "1;32"
    }
  }
}
