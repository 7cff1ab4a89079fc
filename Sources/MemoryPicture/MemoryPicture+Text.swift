// SPDX-License-Identifier: Apache-2.0

extension MemoryPicture {
  /// The picture for a terminal: lines that are no wider than the style says, with a newline each.
  ///
  /// Above, a bar for each stretch of memory, all to one scale. Below, a row for each piece: what it is,
  /// with what it lies in to its left; its addresses, its size, its name; and where it is in its part
  /// of the memory, to scale.
  public func text(_ style: TextStyle = TextStyle()) -> String {
    var canvas = TextCanvas(style: style)
    canvas.add(title)
    canvas.add(summary)
    if !rows.isEmpty {
      canvas.add(Overview(pieces, limit: 9))
      canvas.add(rows, parts)
      canvas.addLegend(of: rows)
    }
    return canvas.text
  }
}

/// Lines, one below the other.
struct TextCanvas {
  let style: MemoryPicture.TextStyle
  private(set) var text = ""

  init(style: MemoryPicture.TextStyle) { self.style = style }

  mutating func add(_ line: TextLine) {
    text += line.finished + "\n"
  }

  /// Adds words, over as many lines as they need.
  mutating func add(_ words: String) {
    add(words, behind: TextLine(style))
  }

  /// Adds words behind the start of a line, and below them those that find no room there.
  mutating func add(_ words: String, behind start: TextLine) {
    var line = start
    for word in words.split(separator: " ") {
      if line.width > start.width, line.width + 1 + word.count > style.width {
        add(line)
        line = TextLine(style)
        line.advance(to: start.width)
      }
      line.append((line.width > start.width ? " " : "") + word)
    }
    add(line)
  }

  /// What the signs mean that are in the picture.
  mutating func addLegend(of rows: [Row]) {
    add("")
    var line = TextLine(style)
    func entry(_ sign: Character, _ name: String, _ kind: MemoryPicture.Kind?) {
      if line.width > 0, line.width + 4 + name.count > style.width {
        add(line)
        line = TextLine(style)
      }
      line.append(line.width > 0 ? "  " : "")
      line.append("\(sign)", as: kind)
      line.append(" " + name)
    }
    let seen = Set(rows.flatMap { [$0.kind, $0.ground] })
    for kind in MemoryPicture.Kind.allCases.reversed() where seen.contains(kind) {
      entry(style.glyph(kind), kind.name, kind)
    }
    if rows.count > 1 { entry(style.breakMark, "not to scale", nil) }
    add(line)
  }
}
