// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

extension TextCanvas {
  /// All rows, with a bar that shows where each is in its part.
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

  /// What it lies in and what it is, as signs.
  private func start(_ row: Row, _ part: ZoomPart) -> TextLine {
    var line = TextLine(style)
    line.append("\(style.glyph(row.backdrop))", as: row.backdrop)
    line.append("\(part.isBroken ? style.breakMark : style.glyph(row.kind))", as: row.kind)
    line.append(" ")
    return line
  }

  /// All about a row; where there is no bar, its name has as many lines as it needs.
  private mutating func addLine(
    _ rows: [Row], _ index: Int, _ part: ZoomPart, _ columns: RowColumns
  ) {
    let row = rows[index]
    var line = start(row, part)
    line.append("\(row.range)".padded(to: columns.addressWidth))
    line.append(sizeText(row.range.size).padded(to: sizeWidth + 1, onLeft: true) + " ")
    guard !part.isBroken else { return add(row.name, behind: line) }
    line.append(row.name.cut(to: columns.nameWidth, style))
    line.appendBar(of: rows[part.rows], index, columns.barWidth)
    add(line)
  }

  /// The same on a narrow terminal: the addresses in a line of their own.
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
  /// What is seen to its sides: what it lies in; of what is only in memory, more of the same.
  fileprivate var backdrop: MemoryPicture.Kind? { ground ?? (isOfInterest ? nil : kind) }
}

extension TextLine {
  /// Where a row is among the rows of its part, at the end of the line.
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

/// How the columns of a list are shared out.
private struct RowColumns {
  /// Whether there is room for a row in one line.
  let isWide: Bool
  let addressWidth: Int
  let nameWidth: Int
  /// Between its ends; 0 where there is no room for one.
  let barWidth: Int

  init(of rows: [Row], _ style: MemoryPicture.TextStyle) {
    addressWidth = rows.map { "\($0.range)".count }.max() ?? 0
    let names = rows.filter { !$0.isSum }.map(\.name.count).max() ?? 0
    // Two signs and a blank are before the addresses, a blank and the size behind; then a blank.
    let rest = style.width - 3 - addressWidth - 10
    nameWidth = min(names, max(12, rest / 2))
    isWide = rest - nameWidth - 3 >= 12
    let bar = isWide ? rest - nameWidth - 3 : style.width - 3 - addressWidth - 3
    barWidth = bar >= 8 ? bar : 0
  }
}

extension String {
  /// The same, with a mark at the end when it is cut off there.
  fileprivate func cut(to width: Int, _ style: MemoryPicture.TextStyle) -> String {
    guard count > width else { return self }
    return prefix(max(0, width - 1)) + (style.hasShades ? "…" : "~")
  }
}
