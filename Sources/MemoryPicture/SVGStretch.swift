// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// The bar of a stretch of memory in the overview.
struct SVGStretch {
  let stretch: Overview.Stretch
  let top: Double
  let height: Double
  var bottom: Double { top + height }

  /// A bar that can still be seen.
  private static let leastBar = 4.0

  /// The height of a hole: with room for words where there are few.
  static func gap(in overview: Overview) -> Double { overview.stretches.count > 12 ? 4 : 18 }

  /// The height that has room for all bars and holes, with some to spare.
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
