// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

extension SVGLayout {
  /// The bars of the detail: each part to its own scale, or broken.
  func drawZoom(on canvas: inout SVGCanvas) {
    for part in picture.parts {
      let bars = bars(of: part)
      for (index, bar) in zip(part.rows, bars) {
        draw(rows[index], bar.top, bar.height, on: &canvas)
        drawLeader(from: bar.top + bar.height / 2, to: middle(of: index), on: &canvas)
      }
      let (top, bottom) = heights(of: part)
      if part.isBroken {
        drawBreak(of: rows[part.rows.lowerBound], at: (top + bottom) / 2, on: &canvas)
      } else {
        drawScale(of: part, on: &canvas)
      }
      for x in [zoomLeft, zoomLeft + Self.zoomWidth] {
        canvas.path([(x, top), (x, bottom)], part.isBroken ? "leader" : "rule")
      }
    }
    for y in [bodyTop, bodyTop + Self.rowHeight * Double(rows.count)] {
      canvas.path([(zoomLeft, y), (zoomLeft + Self.zoomWidth, y)], "rule")
    }
  }

  func middle(of row: Int) -> Double { bodyTop + Self.rowHeight * (Double(row) + 0.5) }

  /// Heights in proportion to sizes, with a minimum.
  private func bars(of part: ZoomPart) -> [(top: Double, height: Double)] {
    let (top, bottom) = heights(of: part)
    let sizes = rows[part.rows].map { Double($0.range.size) }
    var y = top
    return shared(bottom - top, by: sizes, atLeast: 4).map { height in
      defer { y += height }
      return (y, height)
    }
  }

  /// Draws a row; a segment lies in the middle of what is beneath it.
  private func draw(_ row: Row, _ top: Double, _ height: Double, on canvas: inout SVGCanvas) {
    let inset = row.kind == .segment ? 16.0 : 0
    if inset > 0 {
      canvas.rectangle(zoomLeft, top, Self.zoomWidth, height, row.ground.map { "\($0)" } ?? "hole")
    }
    let style = row.kind.map { "\($0)" } ?? "hole"
    canvas.rectangle(zoomLeft + inset, top, Self.zoomWidth - 2 * inset, height, style)
    canvas.path([(zoomLeft, top), (zoomLeft + Self.zoomWidth, top)], "seam")
  }

  private func drawLeader(from start: Double, to end: Double, on canvas: inout SVGCanvas) {
    let left = zoomLeft + Self.zoomWidth
    canvas.path(
      [(left, start), (left + 6, start), (addressLeft - 12, end), (addressLeft - 5, end)], "leader")
  }

  /// A wave across the bar.
  private func drawBreak(of row: Row, at y: Double, on canvas: inout SVGCanvas) {
    let steps = 10
    let width = Self.zoomWidth / Double(steps)
    let points = (0...steps).map { step -> (x: Double, y: Double) in
      let height = step.isMultiple(of: 2) ? 3.0 : -3.0
      return (x: zoomLeft + width * Double(step), y: y + height)
    }
    canvas.path(points, row.kind == nil ? "leader" : "break")
  }

  /// A scale: a power of two that takes up to half of the part.
  private func drawScale(of part: ZoomPart, on canvas: inout SVGCanvas) {
    let (top, bottom) = heights(of: part)
    let whole = rows[part.rows].addressCount
    guard bottom - top >= 2 * Self.rowHeight, whole > 1 else { return }
    let size = UInt64(1) << UInt64(63 - (whole / 2).leadingZeroBitCount)
    let height = (bottom - top) * Double(size) / Double(whole)
    let (x, y) = (zoomLeft - 8, (top + bottom - height) / 2)
    canvas.path([(x - 4, y), (x, y), (x, y + height), (x - 4, y + height)], "rule")
    let words = sizeText(size)
    let width = SVGFont.note.width(of: words)
    canvas.rectangle(x - 8 - width, y + height / 2 - 8, width + 4, 16, "paper")
    canvas.label(words, x - 6, y + height / 2, .note, .end)
  }

  /// The list: addresses, size and use, with names of most interest in bold.
  func drawRows(on canvas: inout SVGCanvas) {
    let strongest = rows.compactMap(\.kind).max()
    for (index, row) in rows.enumerated() {
      let y = middle(of: index)
      canvas.label("\(row.range)", addressLeft, y, .figure)
      canvas.label(sizeText(row.range.size), sizeRight, y, .figure, .end)
      canvas.label(
        row.name, nameLeft, y, row.isOfInterest && row.kind == strongest ? .strong : .plain)
      canvas.rectangle(nameLeft - 18, y - 5, 10, 10, row.kind.map { "\($0)" } ?? "hole")
      canvas.rectangle(nameLeft - 18, y - 5, 10, 10, "edge")
    }
  }
}
