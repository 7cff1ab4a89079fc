// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// All of memory to scale, without its holes; the largest holes are marked.
struct Overview {
  /// Memory between marked holes.
  struct Stretch {
    /// First to last byte, smaller holes included.
    var span: PhysicalRange
    /// Bytes of memory.
    var size: UInt64
    /// The indices of its areas.
    var areas: Range<Int>
  }

  private let areas: [Area]
  /// The bytes of memory before each area.
  private let offsets: [UInt64]
  /// The bytes of memory.
  let size: UInt64
  /// In rising order.
  let stretches: [Stretch]
  /// The number and the bytes of unmarked holes.
  let unmarked: (count: Int, size: UInt64)

  /// - Parameter limit: the most stretches.
  init(_ areas: [Area], limit: Int) {
    self.areas = areas
    var (offsets, size) = ([UInt64](), UInt64(0))
    offsets.reserveCapacity(areas.count)
    for area in areas {
      offsets.append(size)
      if area.isMemory { size += area.range.size }
    }
    (self.offsets, self.size) = (offsets, size)

    let all = Self.stretches(of: areas) { _ in true }
    let holes = zip(all, all.dropFirst()).map { $1.span.start - $0.span.end }
    // A hole is marked when it would be visible if drawn to scale; where there are too many of those, only
    // larger ones are.
    let isTooMany = { (least: UInt64) in holes.count { $0 >= least } >= limit }
    let least = [size / 64, size / 8, size].first { !isTooMany($0) } ?? .max
    stretches = Self.stretches(of: areas) { $0 >= least }
    let small = holes.filter { $0 < least }
    unmarked = (small.count, small.reduce(0, +))
  }

  /// Memory between marked holes.
  private static func stretches(
    of areas: [Area], splitAt isMarked: (UInt64) -> Bool
  ) -> [Stretch] {
    var stretches: [Stretch] = []
    for (index, area) in areas.enumerated() where area.isMemory {
      let hole = stretches.last.map { area.range.start - $0.span.end } ?? 0
      if var last = stretches.last, hole == 0 || !isMarked(hole),
        let span = PhysicalRange(start: last.span.start, end: area.range.end)
      {
        last.span = span
        last.size += area.range.size
        last.areas = last.areas.lowerBound..<index + 1
        stretches[stretches.count - 1] = last
      } else {
        stretches.append(
          Stretch(span: area.range, size: area.range.size, areas: index..<index + 1))
      }
    }
    return stretches
  }

  /// How far an address is into the memory of a stretch, from 0 to 1; nil outside of it.
  func place(of address: UInt64, in stretch: Stretch) -> Double? {
    guard stretch.span.start <= address, address <= stretch.span.end else { return nil }
    var (low, high) = (stretch.areas.lowerBound, stretch.areas.upperBound)
    while high - low > 1 {
      let middle = (low + high) / 2
      if areas[middle].range.start <= address { low = middle } else { high = middle }
    }
    let area = areas[low]
    let inside = area.isMemory ? min(address, area.range.end) - area.range.start : 0
    let offset = offsets[low] - offsets[stretch.areas.lowerBound] + inside
    return Double(offset) / Double(stretch.size)
  }

  /// The kinds of so many cells of a stretch: the kind of interest in a cell, else that of most of it.
  func cells(_ count: Int, of stretch: Stretch) -> [MemoryPicture.Kind] {
    let scale = Double(count) / Double(stretch.size)
    let start = offsets[stretch.areas.lowerBound]
    var cells = Array(repeating: Cell(), count: count)
    for index in stretch.areas {
      guard let kind = areas[index].kind, areas[index].isMemory else { continue }
      let low = Double(offsets[index] - start) * scale
      let high = low + Double(areas[index].range.size) * scale
      let first = min(Int(low), count - 1)
      for cell in first...max(first, min(high.raised, count) - 1) {
        cells[cell].add(kind, min(high, Double(cell + 1)) - max(low, Double(cell)))
      }
    }
    return cells.map(\.kind)
  }
}

/// The shares of the kinds in a cell.
private struct Cell {
  private var shares = Array(repeating: 0.0, count: MemoryPicture.Kind.allCases.count)
  private var ofInterest: MemoryPicture.Kind?

  mutating func add(_ kind: MemoryPicture.Kind, _ share: Double) {
    shares[kind.rawValue] += share
    if kind.isOfInterest { ofInterest = max(kind, ofInterest ?? kind) }
  }

  var kind: MemoryPicture.Kind {
    if let ofInterest { return ofInterest }
    return MemoryPicture.Kind.allCases.max { shares[$0.rawValue] < shares[$1.rawValue] } ?? .ram
  }
}
