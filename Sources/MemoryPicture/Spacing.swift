// SPDX-License-Identifier: Apache-2.0

/// Lengths in proportion to shares, but none below a least one; their sum is the whole, which has room
/// for so many.
func shared(_ whole: Double, by shares: [Double], atLeast least: Double) -> [Double] {
  var isLeast = shares.map { _ in false }
  while true {
    let rest = whole - least * Double(isLeast.count { $0 })
    let sum = zip(shares, isLeast).reduce(0) { $0 + ($1.1 ? 0 : $1.0) }
    let lengths = zip(shares, isLeast).map { $1 ? least : rest * $0 / sum }
    let short = lengths.indices.filter { !isLeast[$0] && lengths[$0] < least }
    guard !short.isEmpty else { return lengths }
    for index in short { isLeast[index] = true }
  }
}

/// Places for labels of one height, in rising order: each as near as may be to where it wants to be, and
/// none over another one. Those that would be pushed away by the one before are left out when there
/// is no room for all.
func spread(
  _ wanted: [Double], height: Double, within bounds: ClosedRange<Double>
) -> [(index: Int, place: Double)] {
  let fit = Double(wanted.count - 1) * height <= bounds.upperBound - bounds.lowerBound
  var places: [(index: Int, place: Double)] = []
  for (index, want) in wanted.enumerated() {
    let least = places.last.map { $0.place + height } ?? bounds.lowerBound
    if fit || want >= least, fit || want <= bounds.upperBound {
      places.append((index, max(want, least)))
    }
  }
  var limit = bounds.upperBound
  for index in places.indices.reversed() {
    places[index].place = min(places[index].place, limit)
    limit = places[index].place - height
  }
  return places
}
