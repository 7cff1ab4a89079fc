// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

/// A number of bytes as people write it: `4 KiB`, `1.9 MiB`, `119 MiB`; at most eight characters.
func sizeText(_ size: UInt64) -> String {
  guard size >= 1024 else { return "\(size) B" }
  var value = Double(size) / 1024
  for unit in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
    if value < 1023.5 { return "\(shortText(value)) \(unit)" }
    value /= 1024
  }
  return "\(shortText(value)) EiB"
}

/// A number of two to four digits, one of them a decimal if there is room.
private func shortText(_ value: Double) -> String {
  value < 99.95 ? number(value) : "\(value.nearest)"
}

extension String {
  /// The text in characters of one column, ASCII and Latin letters; others as numbers, cut to a limit.
  func shown(limit: Int = 60) -> String {
    visible(limit: limit) { 0x20..<0x7f ~= $0.value || 0xc0..<0x250 ~= $0.value }
  }
}

extension MemoryPicture {
  /// `1.5 GiB of RAM, 192 MiB for a crash kernel, 5 segments of 38 MiB`.
  static func summary(of items: [Item]) -> String {
    func size(_ kinds: Kind...) -> UInt64 {
      PhysicalRangeSet(items.filter { kinds.contains($0.kind) }.map(\.range)).size
    }
    guard !items.isEmpty else { return "no memory is known" }
    var words = ["\(sizeText(size(.ram, .driverRAM))) of RAM"]
    let crash = size(.crash)
    if crash > 0 { words.append("\(sizeText(crash)) for a crash kernel") }
    let segments = items.count { $0.kind == .segment }
    if segments > 0 {
      words.append(
        "\(segments) \(segments == 1 ? "segment" : "segments"), \(sizeText(size(.segment)))")
    }
    return words.joined(separator: "; ")
  }
}

extension Double {
  /// The nearest whole number, of a number that is not negative. (`rounded()` needs libm.)
  var nearest: Int { Int(self + 0.5) }

  /// The next whole number, rounded up.
  var raised: Int { Double(Int(self)) < self ? Int(self) + 1 : Int(self) }
}

/// A length with one decimal at the most.
func number(_ value: Double) -> String {
  let tenths = (value * 10).nearest
  return tenths % 10 == 0 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
}

/// Lengths in proportion to shares, none below a minimum, with the whole as their sum; there must be room
/// for the minimum of all.
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

/// Places for labels of one height, in rising order: each as near as possible to its wanted place, without
/// overlaps. Without room for all, labels that the one before would push away are left out.
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
