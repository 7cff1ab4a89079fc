// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

extension TextCanvas {
  /// All of memory: a bar for each stretch of it, to one scale, with the holes between as words.
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
  /// That there are holes in what looks like one piece of memory.
  var noteOfUnmarkedHoles: String {
    let holes = unmarked.count == 1 ? "1 hole" : "\(unmarked.count) holes"
    return "Not shown: \(holes), \(sizeText(unmarked.size))."
  }
}
