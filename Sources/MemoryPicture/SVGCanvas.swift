// SPDX-License-Identifier: Apache-2.0

/// Shapes and labels of an SVG file; they are drawn in the order in which they are added.
struct SVGCanvas {
  private(set) var elements = ""

  /// Where a text begins, or ends.
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
  /// The colours, after Okabe and Ito: told apart by eyes of every kind, and by hatching in print.
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
