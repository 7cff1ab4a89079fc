// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

/// The layout of an SVG picture: columns from left to right, rows of one height.
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
    overview = Overview(picture.areas, limit: 72)
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

/// The meaning of the colours, and what is not to scale.
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

/// The bar of a stretch of memory in the overview.
struct SVGStretch {
  let stretch: Overview.Stretch
  let top: Double
  let height: Double
  var bottom: Double { top + height }

  /// The least visible height of a bar.
  private static let leastBar = 4.0

  /// The height of a hole, with room for words where there are few.
  static func gap(in overview: Overview) -> Double { overview.stretches.count > 12 ? 4 : 18 }

  /// A height with room for all bars and holes.
  static func leastHeight(of overview: Overview) -> Double {
    Double(overview.stretches.count) * (leastBar + 2 + gap(in: overview))
  }

  /// The bars, to one scale, from top to bottom.
  static func stretches(of overview: Overview, top: Double, height: Double) -> [SVGStretch] {
    let gap = gap(in: overview)
    let shares = overview.stretches.map { Double($0.size) }
    let heights = shared(height - gap * Double(shares.count - 1), by: shares, atLeast: leastBar)
    var y = top
    return zip(overview.stretches, heights).map { stretch, height in
      defer { y += height + gap }
      return SVGStretch(stretch: stretch, top: y, height: height)
    }
  }
}

extension MemoryPicture {
  /// Pictures as one SVG file, one below the other: for a bug report, a browser or a printer.
  ///
  /// It has no script, no font and nothing to fetch. To the left is all of memory, to scale; in the middle
  /// its details, each part to its own scale; to the right, a row for each area. A title and a description
  /// serve screen readers.
  package static func svg(_ pictures: [MemoryPicture]) -> String {
    var canvas = SVGCanvas()
    var (width, height) = (0.0, 0.0)
    for picture in pictures {
      let layout = SVGLayout(picture, top: height)
      layout.draw(on: &canvas)
      width = max(width, layout.width)
      height = layout.bottom
    }
    let title = pictures.map(\.title).joined(separator: "; ").escaped
    let description = pictures.flatMap(\.description).joined(separator: "\n").escaped
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(number(width)) \(number(height))" \
      width="\(number(width))" height="\(number(height))" role="img" aria-labelledby="title desc">
      <title id="title">\(title)</title>
      <desc id="desc">\(description)</desc>
      <defs>
      <style>
      \(SVGFont.allCases.map(\.rule).joined(separator: "\n"))
      \(SVGCanvas.styleSheet)
      </style>
      \(SVGCanvas.hatch)
      </defs>
      <rect width="100%" height="100%" class="paper"/>
      \(canvas.elements)</svg>

      """
  }

  /// The rows as sentences.
  private var description: [String] {
    [title, summary] + rows.map { "\($0.range) \(sizeText($0.range.size)) \($0.name)" }
  }
}
