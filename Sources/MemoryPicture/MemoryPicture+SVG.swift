// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

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
