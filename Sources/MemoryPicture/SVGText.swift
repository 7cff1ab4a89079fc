// SPDX-License-Identifier: Apache-2.0

/// A font of the picture, and how much room its text takes at the most.
enum SVGFont: String {
  /// The title.
  case title
  /// The heading of a column.
  case heading
  /// A name that matters.
  case strong
  /// Words.
  case plain
  /// What explains.
  case note
  /// Addresses and sizes.
  case figure

  var size: Double {
    switch self {
    case .title: 20
    case .heading, .strong, .plain: 13
    case .figure, .note: 12
    }
  }

  /// The font's part of the style sheet: what any system has; nothing is fetched.
  var rule: String {
    let weight = [.title, .heading, .strong].contains(self) ? "bold" : "normal"
    let family = self == .figure ? "monospace" : "sans-serif"
    let fill = self == .note ? "#57606a" : "#1b1f24"
    return ".\(rawValue){font:\(weight) \(number(size))px \(family);fill:\(fill);white-space:pre}"
  }

  /// The width of a text in pixels: no font that is in wide use needs more (the widest is DejaVu).
  func width(of text: String) -> Double {
    let ems = text.unicodeScalars.reduce(0.0) { $0 + (self == .figure ? 0.62 : Self.ems(of: $1)) }
    return ems * size * (self == .plain || self == .note ? 0.92 : 1)
  }

  private static func ems(of scalar: Unicode.Scalar) -> Double {
    switch scalar {
    case "i", "j", "l", "f", "r", "t", " ", "I", ".", ",", ":", ";", "'", "|", "!", "-", "(", ")":
      0.5
    case "m", "w", "M", "W", "%", "@": 1.11
    case "A"..."Z": 0.86
    case "a"..."z", "0"..."9": 0.72
    default: 1.0
    }
  }
}

extension String {
  /// The same as content of an element; control characters are gone already.
  var escaped: String {
    var text = ""
    for character in self {
      switch character {
      case "&": text += "&amp;"
      case "<": text += "&lt;"
      case ">": text += "&gt;"
      case "\"": text += "&quot;"
      default: text.append(character)
      }
    }
    return text
  }
}
