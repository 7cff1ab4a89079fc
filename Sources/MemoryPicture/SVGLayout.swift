// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

/// Where everything is in an SVG picture: columns from left to right, rows of one height.
struct SVGLayout {
  let picture: MemoryPicture
  let overview: Overview
  let rows: [Row]

  static let margin = 24.0
  static let rowHeight = 22.0
  static let overviewWidth = 92.0
  static let zoomWidth = 110.0

  let top: Double
  /// The left edges of the columns.
  let overviewLeft, zoomLeft, addressLeft, nameLeft: Double
  /// The right edge of the sizes.
  let sizeRight: Double
  let width: Double
  /// The bars of the overview.
  let stretches: [SVGStretch]
  /// The rows' centres are `bodyTop + rowHeight * (index + ½)`.
  let bodyTop: Double
  let bodyHeight: Double
  let legend: SVGLegend
  var bottom: Double { legend.top + legend.height + Self.margin }

  init(_ picture: MemoryPicture, top: Double) {
    self.picture = picture
    rows = picture.rows
    overview = Overview(picture.pieces, limit: 72)
    self.top = top

    let highest = hex(overview.stretches.last?.span.lastByte ?? 0)
    overviewLeft = Self.margin + SVGFont.figure.width(of: highest) + 22
    zoomLeft = overviewLeft + Self.overviewWidth + 150
    addressLeft = zoomLeft + Self.zoomWidth + 44
    let addresses = rows.map { SVGFont.figure.width(of: "\($0.range)") }.max() ?? 0
    sizeRight = addressLeft + addresses + 16 + SVGFont.figure.width(of: "1023 MiB")
    nameLeft = sizeRight + 40
    let names =
      rows.map { ($0.isOfInterest ? SVGFont.strong : .plain).width(of: $0.name) }.max() ?? 0
    let header = [
      SVGFont.title.width(of: picture.title), SVGFont.plain.width(of: picture.summary),
    ]
    width = max(nameLeft + names, Self.margin + (header.max() ?? 0), 760) + Self.margin

    bodyTop = top + 118
    let height = max(
      Self.rowHeight * Double(rows.count), SVGStretch.leastHeight(of: overview), 120)
    bodyHeight = rows.isEmpty ? 0 : height
    stretches = SVGStretch.stretches(of: overview, top: bodyTop, height: height)
    legend = SVGLegend(
      rows, overview, left: Self.margin, top: bodyTop + bodyHeight + 28, right: width - Self.margin)
  }

  func draw(on canvas: inout SVGCanvas) {
    canvas.label(picture.title, Self.margin, top + 34, .title)
    canvas.label(picture.summary, Self.margin, top + 60, .plain)
    guard !rows.isEmpty else { return }
    drawHeadings(on: &canvas)
    drawFunnels(on: &canvas)
    drawOverview(on: &canvas)
    drawZoom(on: &canvas)
    drawRows(on: &canvas)
    legend.draw(on: &canvas)
  }

  private func drawHeadings(on canvas: inout SVGCanvas) {
    let middle = bodyTop - 22
    canvas.label("All memory, to scale", Self.margin, middle, .heading)
    canvas.label("In detail", zoomLeft, middle, .heading)
    canvas.label("Addresses", addressLeft, middle, .heading)
    canvas.label("Size", sizeRight, middle, .heading, .end)
    canvas.label("Use", nameLeft, middle, .heading)
  }

  /// The height range of a part's rows.
  func heights(of part: ZoomPart) -> (top: Double, bottom: Double) {
    (
      bodyTop + Self.rowHeight * Double(part.rows.lowerBound),
      bodyTop + Self.rowHeight * Double(part.rows.upperBound)
    )
  }
}
