// SPDX-License-Identifier: Apache-2.0

/// What the colours mean, and what is not to scale.
struct SVGLegend {
  let top: Double
  let height: Double
  private let entries: [(kind: MemoryPicture.Kind, x: Double, y: Double)]
  private let notes: [String]
  private let left: Double

  init(_ rows: [Row], _ overview: Overview, left: Double, top: Double, right: Double) {
    (self.left, self.top) = (left, top)
    let seen = Set(rows.flatMap { [$0.kind, $0.ground] })
    var (x, y) = (left, 0.0)
    var entries: [(MemoryPicture.Kind, Double, Double)] = []
    for kind in MemoryPicture.Kind.allCases.reversed() where seen.contains(kind) {
      let width = 24 + SVGFont.plain.width(of: kind.name) + 18
      if x > left, x + width > right { (x, y) = (left, y + 22) }
      entries.append((kind, x, y))
      x += width
    }
    self.entries = entries
    notes = rows.isEmpty ? [] : Self.notes(overview)
    height = rows.isEmpty ? 0 : y + 22 + 17 * Double(notes.count)
  }

  private static func notes(_ overview: Overview) -> [String] {
    var notes = [
      "In detail, each part has its own scale. A broken bar is not to scale.",
      "What would be too thin to be seen is drawn thicker than it is.",
    ]
    if overview.stretches.count > 1 { notes.append("In all memory, holes are not to scale.") }
    if overview.unmarked.count > 0 { notes.append(overview.noteOfUnmarkedHoles) }
    return notes
  }

  func draw(on canvas: inout SVGCanvas) {
    for (kind, x, y) in entries {
      canvas.rectangle(x, top + y, 16, 14, "\(kind)")
      canvas.rectangle(x, top + y, 16, 14, "frame")
      canvas.label(kind.name, x + 24, top + y + 7, .plain)
    }
    for (index, note) in notes.enumerated() {
      let y = top + height - 17 * Double(notes.count - index) + 8
      canvas.label(note, left, y, .note)
    }
  }
}
