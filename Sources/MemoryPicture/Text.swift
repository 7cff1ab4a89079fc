// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

extension TextCanvas {
  /// All of memory: a bar for each stretch, to one scale, with the holes between them as words.
  mutating func add(_ overview: Overview) {
    guard let largest = overview.stretches.map(\.size).max() else { return }
    let addresses = overview.stretches.map { "\($0.span)" }
    let labelWidth = (addresses.map(\.count).max() ?? 0) + sizeWidth + 1
    let isBeside = style.width - labelWidth - 3 >= 20
    let cells = style.width - 2 - (isBeside ? labelWidth + 1 : 0)

    add("")
    add("All memory, to scale: \(sizeText(max(1, largest / UInt64(cells)))) a column")
    var end: UInt64?
    for (stretch, addresses) in zip(overview.stretches, addresses) {
      if let end { add(hole: stretch.span.start - end, labelWidth) }
      end = stretch.span.end
      var line = TextLine(style)
      line.append(addresses)
      line.append(sizeText(stretch.size).padded(to: labelWidth - addresses.count, onLeft: true))
      if !isBeside {
        add(line)
        line = TextLine(style)
      }
      line.advance(to: isBeside ? labelWidth + 1 : 0)
      let share = Double(stretch.size) / Double(largest) * Double(cells)
      line.append("\(style.edge)")
      for kind in overview.cells(max(1, share.nearest), of: stretch) {
        line.append("\(style.glyph(kind))", as: kind)
      }
      line.append("\(style.edge)")
      add(line)
    }
    if overview.unmarked.count > 0 { add(overview.noteOfUnmarkedHoles) }
  }

  /// The columns of a size.
  var sizeWidth: Int { 8 }

  private mutating func add(hole: UInt64, _ labelWidth: Int) {
    var line = TextLine(style)
    line.append("hole".padded(to: labelWidth - sizeWidth - 1, onLeft: true))
    line.append(sizeText(hole).padded(to: sizeWidth + 1, onLeft: true))
    add(line)
  }
}

extension Overview {
  /// Says how many holes the bars do not show.
  var noteOfUnmarkedHoles: String {
    let holes = unmarked.count == 1 ? "1 hole" : "\(unmarked.count) holes"
    return "Not shown: \(holes), \(sizeText(unmarked.size))."
  }
}

/// A line that never gets wider than its style allows.
struct TextLine {
  let style: MemoryPicture.TextStyle
  /// The columns that are used.
  private(set) var width = 0
  private var text = ""
  private var color = "0"

  typealias TextStyle = MemoryPicture.TextStyle

  init(_ style: TextStyle) { self.style = style }

  /// Adds text in the colour of a use, cut to the width of the line.
  mutating func append(_ string: String, as kind: MemoryPicture.Kind? = nil) {
    let room = style.width - width
    let isCut = string.count > room
    let fitting = isCut ? string.prefix(max(0, room - 1)) + (room > 0 ? [mark] : []) : string[...]
    guard !fitting.isEmpty else { return }
    set(kind?.look.color ?? "0")
    for character in fitting {
      text.append(style.hasShades || character.isASCII ? character : "?")
    }
    width += fitting.count
  }

  /// Blanks up to a column.
  mutating func advance(to column: Int) {
    if column > width { append(String(repeating: " ", count: column - width)) }
  }

  /// The line, with the terminal's own colour at its end, and without trailing blanks.
  var finished: String {
    var line = self
    line.set("0")
    while line.text.last == " " { line.text.removeLast() }
    return line.text
  }

  /// The mark for text that is cut off.
  private var mark: Character { style.hasShades ? "…" : "~" }

  private mutating func set(_ color: String) {
    guard style.hasColors, color != self.color else { return }
    text += "\u{1b}[\(color)m"
    self.color = color
  }
}

extension MemoryPicture {
  /// The abilities of a terminal.
  package struct TextStyle: Hashable, Sendable {
    /// Columns; never fewer than 20.
    package let width: Int
    /// Whether uses have colours: the 16 colours of ANSI (ECMA-48).
    package let hasColors: Bool
    /// Whether to draw with shades and lines of Unicode, or else in ASCII.
    package let hasShades: Bool

    package init(width: Int = 80, hasColors: Bool = false, hasShades: Bool = false) {
      self.width = max(20, width)
      self.hasColors = hasColors
      self.hasShades = hasShades
    }
  }
}

extension MemoryPicture.TextStyle {
  /// One column of a use; a blank for a hole.
  func glyph(_ kind: MemoryPicture.Kind?) -> Character {
    kind.map { hasShades ? $0.look.shade : $0.look.ascii } ?? " "
  }

  /// The mark of a broken axis.
  var breakMark: Character { hasShades ? "≈" : "~" }
  /// The ends of a bar.
  var edge: Character { hasShades ? "│" : "|" }
}

extension TextCanvas {
  /// All rows, with a bar that shows the place of each in its part.
  mutating func add(_ rows: [Row], _ parts: [ZoomPart]) {
    let columns = RowColumns(of: rows, style)
    add("")
    add(parts.count > 1 ? "In detail, each part to a scale of its own" : "In detail")
    for part in parts {
      for index in part.rows {
        columns.isWide
          ? addLine(rows, index, part, columns) : addTwoLines(rows, index, part, columns)
      }
    }
  }

  /// The glyphs of what it lies in, and of its use.
  private func start(_ row: Row, _ part: ZoomPart) -> TextLine {
    var line = TextLine(style)
    line.append("\(style.glyph(row.backdrop))", as: row.backdrop)
    line.append("\(part.isBroken ? style.breakMark : style.glyph(row.kind))", as: row.kind)
    line.append(" ")
    return line
  }

  /// A row in one line; the name is wrapped where there is no bar.
  private mutating func addLine(
    _ rows: [Row], _ index: Int, _ part: ZoomPart, _ columns: RowColumns
  ) {
    let row = rows[index]
    var line = start(row, part)
    line.append("\(row.range)".padded(to: columns.addressWidth))
    line.append(sizeText(row.range.size).padded(to: sizeWidth + 1, onLeft: true) + " ")
    guard !part.isBroken else { return add(row.name, after: line) }
    line.append(row.name.cut(to: columns.nameWidth, style))
    line.appendBar(of: rows[part.rows], index, columns.barWidth)
    add(line)
  }

  /// A row on a narrow terminal: the addresses have their own line.
  private mutating func addTwoLines(
    _ rows: [Row], _ index: Int, _ part: ZoomPart, _ columns: RowColumns
  ) {
    let row = rows[index]
    var line = start(row, part)
    line.append(row.name.cut(to: style.width - line.width - sizeWidth - 1, style))
    let size = sizeText(row.range.size)
    line.append(size.padded(to: style.width - line.width, onLeft: true))
    add(line)
    line = TextLine(style)
    line.append("   \(row.range)")
    if !part.isBroken { line.appendBar(of: rows[part.rows], index, columns.barWidth) }
    add(line)
  }
}

extension Row {
  /// The use to its sides: what it lies in, else its own if it is of less interest.
  fileprivate var backdrop: MemoryPicture.Kind? { ground ?? (isOfInterest ? nil : kind) }
}

extension TextLine {
  /// A bar at the end of the line with the place of a row in its part.
  fileprivate mutating func appendBar(of rows: ArraySlice<Row>, _ index: Int, _ width: Int) {
    guard width > 0 else { return }
    let row = rows[index]
    let scale = Double(width) / Double(rows.addressCount)
    let low = Double(row.range.start - rows[rows.startIndex].range.start) * scale
    let first = min(Int(low), width - 1)
    let end = min(width, max(first + 1, (low + Double(row.range.size) * scale).nearest))
    advance(to: style.width - width - 2)
    append("\(style.edge)" + String(repeating: " ", count: first))
    append(String(repeating: style.glyph(row.kind), count: end - first), as: row.kind)
    append(String(repeating: " ", count: width - end) + "\(style.edge)")
  }
}

/// The widths of the columns of a list.
private struct RowColumns {
  /// Whether a row fits one line.
  let isWide: Bool
  let addressWidth: Int
  let nameWidth: Int
  /// Without its ends; 0 where there is no room for a bar.
  let barWidth: Int

  init(of rows: [Row], _ style: MemoryPicture.TextStyle) {
    addressWidth = rows.map { "\($0.range)".count }.max() ?? 0
    let names = rows.filter { !$0.isSum }.map(\.name.count).max() ?? 0
    // Two signs and a blank are before the addresses, a blank and the size after; then a blank.
    let rest = style.width - 3 - addressWidth - 10
    nameWidth = min(names, max(12, rest / 2))
    isWide = rest - nameWidth - 3 >= 12
    let bar = isWide ? rest - nameWidth - 3 : style.width - 3 - addressWidth - 3
    barWidth = bar >= 8 ? bar : 0
  }
}

extension String {
  /// The text, cut to a width with a mark at the end.
  fileprivate func cut(to width: Int, _ style: MemoryPicture.TextStyle) -> String {
    guard count > width else { return self }
    return prefix(max(0, width - 1)) + (style.hasShades ? "…" : "~")
  }
}
