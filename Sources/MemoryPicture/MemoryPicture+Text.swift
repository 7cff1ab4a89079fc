// SPDX-License-Identifier: Apache-2.0

extension MemoryPicture {
  /// The picture for a terminal: lines no wider than the style allows, with a newline each.
  ///
  /// Above, a bar for each stretch of memory, all to one scale. Below, a row for each area: its use and
  /// what it lies in as glyphs, its addresses, size and name, and its place in its part of memory, to
  /// scale.
  package func text(_ style: TextStyle = TextStyle()) -> String {
    var canvas = TextCanvas(style: style)
    canvas.add(title)
    canvas.add(summary)
    if !rows.isEmpty {
      canvas.add(Overview(areas, limit: 9))
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

  /// Adds words, wrapped.
  mutating func add(_ words: String) {
    add(words, after: TextLine(style))
  }

  /// Adds words after the start of a line, wrapped below the first of them.
  mutating func add(_ words: String, after start: TextLine) {
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

  /// Explains the glyphs in use.
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
