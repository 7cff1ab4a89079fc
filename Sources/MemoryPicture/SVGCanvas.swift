// SPDX-License-Identifier: Apache-2.0

/// Shapes and labels of an SVG file, drawn in the order in which they are added.
struct SVGCanvas {
  private(set) var elements = ""

  /// Which end of a text its position is.
  enum Anchor: String {
    case start, middle, end
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, _ style: String
  ) {
    elements +=
      "<rect x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(width))\""
      + " height=\"\(number(height))\" class=\"\(style)\"/>\n"
  }

  /// A line through points, or a shape when it is closed.
  mutating func path(_ points: [(x: Double, y: Double)], closed: Bool = false, _ style: String) {
    let steps = points.map { "\(number($0.x)) \(number($0.y))" }.joined(separator: " L")
    elements += "<path d=\"M\(steps)\(closed ? "Z" : "")\" class=\"\(style)\"/>\n"
  }

  /// A text whose middle is at a height.
  mutating func label(
    _ text: String, _ x: Double, _ middle: Double, _ font: SVGFont, _ anchor: Anchor = .start
  ) {
    let anchor = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
    elements +=
      "<text x=\"\(number(x))\" y=\"\(number(middle + font.size * 0.35))\""
      + " class=\"\(font.rawValue)\"\(anchor)>\(text.escaped)</text>\n"
  }
}

extension SVGCanvas {
  /// The colours of Okabe and Ito, distinct for all kinds of colour vision, with hatching for print.
  static let styleSheet = """
    .paper{fill:#ffffff}
    .hole{fill:#ffffff;stroke:#8c959f;stroke-dasharray:3 2}
    .ram{fill:#e6ecf2}
    .driverRAM{fill:#b7dcf2}
    .other{fill:#dcb8cf}
    .reserved{fill:url(#hatch)}
    .kernel{fill:#0072b2}
    .crash{fill:#f0c95a}
    .segment{fill:#b8420a}
    .frame{fill:none;stroke:#57606a}
    .edge{fill:none;stroke:#8c959f;stroke-width:.5}
    .seam{stroke:#ffffff;fill:none}
    .funnel{fill:#f4f6f8}
    .funnelEdge{stroke:#c4ccd4;fill:none}
    .leader{stroke:#8c959f;fill:none}
    .rule{stroke:#57606a;fill:none}
    .break{stroke:#ffffff;stroke-width:5;fill:none}
    """

  static let hatch = """
    <pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" \
    patternTransform="rotate(45)"><rect width="5" height="5" fill="#d5dae0"/>\
    <path d="M1 0V5" stroke="#8c959f" stroke-width="1.5"/></pattern>
    """
}

/// A font of the picture; `strong` is for names of interest, `figure` for addresses and sizes.
enum SVGFont: String, CaseIterable {
  case title, heading, strong, plain, note, figure

  var size: Double {
    switch self {
    case .title: 20
    case .heading, .strong, .plain: 13
    case .figure, .note: 12
    }
  }

  /// The font's rule in the style sheet; any system has such a font.
  var rule: String {
    let weight = [.title, .heading, .strong].contains(self) ? "bold" : "normal"
    let family = self == .figure ? "monospace" : "sans-serif"
    let fill = self == .note ? "#57606a" : "#1b1f24"
    return ".\(rawValue){font:\(weight) \(number(size))px \(family);fill:\(fill);white-space:pre}"
  }

  /// The most pixels that a text takes in fonts of wide use (the widest is DejaVu).
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
  /// The text as content of an element; it has no control characters.
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
