// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

extension SVGLayout {
  /// All of memory as bars, with the sizes of the holes between them.
  func drawOverview(on canvas: inout SVGCanvas) {
    for bar in stretches {
      drawCells(of: bar, on: &canvas)
      canvas.rectangle(overviewLeft, bar.top, Self.overviewWidth, bar.height, "frame")
    }
    let middle = overviewLeft + Self.overviewWidth / 2
    for (bar, next) in zip(stretches, stretches.dropFirst())
    where next.top - bar.bottom > SVGFont.note.size {
      let hole = sizeText(next.stretch.span.start - bar.stretch.span.end)
      canvas.label("\(hole) hole", middle, (bar.bottom + next.top) / 2, .note, .middle)
    }
    drawLabels(on: &canvas)
  }

  /// Cells of two pixels, neighbours of one use as one rectangle.
  private func drawCells(of bar: SVGStretch, on canvas: inout SVGCanvas) {
    let cells = overview.cells(max(1, Int(bar.height / 2)), of: bar.stretch)
    let height = bar.height / Double(cells.count)
    var start = 0
    for end in 1...cells.count where end == cells.count || cells[end] != cells[start] {
      canvas.rectangle(
        overviewLeft, bar.top + height * Double(start), Self.overviewWidth,
        height * Double(end - start), "\(cells[start])")
      start = end
    }
  }

  /// The start and the size of each bar; of high ones, the end too.
  private func drawLabels(on canvas: inout SVGCanvas) {
    let labels = stretches.flatMap { bar in
      let start = SVGLabel(
        address: bar.stretch.span.start, size: bar.stretch.size, height: bar.top + 0.5)
      let end = SVGLabel(address: bar.stretch.span.lastByte, size: nil, height: bar.bottom - 0.5)
      return bar.height > 3 * SVGLabel.room ? [start, end] : [start]
    }
    let places = spread(
      labels.map { $0.size == nil ? $0.height - SVGLabel.lineHeight : $0.height },
      height: SVGLabel.room, within: bodyTop...bodyTop + bodyHeight - SVGLabel.lineHeight)
    for (index, place) in places {
      draw(labels[index], at: place, on: &canvas)
    }
  }

  private func draw(_ label: SVGLabel, at place: Double, on canvas: inout SVGCanvas) {
    let right = overviewLeft - 18
    let line = label.size == nil ? place + SVGLabel.lineHeight : place
    canvas.label(hex(label.address), right, line, .figure, .end)
    if let size = label.size {
      canvas.label(sizeText(size), right, place + SVGLabel.lineHeight, .note, .end)
    }
    canvas.path(
      [
        (right + 3, line), (right + 6, line), (overviewLeft - 3, label.height),
        (overviewLeft, label.height),
      ], "leader")
  }

  /// Connects each part of the detail to its place in the overview.
  func drawFunnels(on canvas: inout SVGCanvas) {
    let left = overviewLeft + Self.overviewWidth
    for part in picture.parts where !part.isBroken {
      let start = rows[part.rows.lowerBound].range.start
      let end = rows[part.rows.upperBound - 1].range.end
      guard let high = height(ofStart: start), let low = height(ofEnd: end), high < low else {
        continue
      }
      let (top, bottom) = heights(of: part)
      canvas.path(
        [(left, high), (zoomLeft, top), (zoomLeft, bottom), (left, low)], closed: true, "funnel")
      canvas.path([(left, high), (zoomLeft, top)], "funnelEdge")
      canvas.path([(left, low), (zoomLeft, bottom)], "funnelEdge")
    }
  }

  /// The place in the overview of the first memory from an address on.
  private func height(ofStart address: UInt64) -> Double? {
    guard let bar = stretches.first(where: { address < $0.stretch.span.end }) else { return nil }
    return height(of: max(address, bar.stretch.span.start), in: bar)
  }

  /// The place in the overview of the last memory before an address.
  private func height(ofEnd address: UInt64) -> Double? {
    guard let bar = stretches.last(where: { $0.stretch.span.start < address }) else { return nil }
    return height(of: min(address, bar.stretch.span.end), in: bar)
  }

  private func height(of address: UInt64, in bar: SVGStretch) -> Double? {
    overview.place(of: address, in: bar.stretch).map { bar.top + bar.height * $0 }
  }
}

/// An address beside the overview, with the size of what starts there in a second line.
private struct SVGLabel {
  let address: UInt64
  let size: UInt64?
  /// Its place in the overview.
  let height: Double

  static let lineHeight = 15.0
  /// The height of two lines, and room below.
  static let room = 34.0
}
