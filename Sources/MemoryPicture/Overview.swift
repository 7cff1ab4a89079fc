// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// All of memory to scale: its bytes one after the other, with the largest holes marked.
struct Overview {
  /// Memory without a marked hole in it.
  struct Stretch {
    /// From its first byte to its last, smaller holes included.
    var span: PhysicalRange
    /// Bytes of memory.
    var size: UInt64
    /// Where its pieces are.
    var pieces: Range<Int>
  }

  private let pieces: [Piece]
  /// How many bytes of memory come before each piece.
  private let offsets: [UInt64]
  /// The bytes of memory.
  let size: UInt64
  /// The parts, in rising order.
  let stretches: [Stretch]
  /// Holes that are not marked, and their bytes.
  let unmarked: (count: Int, size: UInt64)

  /// - Parameter limit: the most stretches there may be.
  init(_ pieces: [Piece], limit: Int) {
    self.pieces = pieces
    var (offsets, size) = ([UInt64](), UInt64(0))
    offsets.reserveCapacity(pieces.count)
    for piece in pieces {
      offsets.append(size)
      if piece.isMemory { size += piece.range.size }
    }
    (self.offsets, self.size) = (offsets, size)

    let all = Self.stretches(of: pieces) { _ in true }
    let holes = zip(all, all.dropFirst()).map { $1.span.start - $0.span.end }
    // A hole is worth a mark when it would be seen if it were drawn to scale; where there are too many
    // of those, only when it is larger.
    let isTooMany = { (least: UInt64) in holes.count { $0 >= least } >= limit }
    let least = [size / 64, size / 8, size].first { !isTooMany($0) } ?? .max
    stretches = Self.stretches(of: pieces) { $0 >= least }
    let small = holes.filter { $0 < least }
    unmarked = (small.count, small.reduce(0, +))
  }

  /// Memory between holes that matter.
  private static func stretches(
    of pieces: [Piece], splitAt isMarked: (UInt64) -> Bool
  ) -> [Stretch] {
    var stretches: [Stretch] = []
    for (index, piece) in pieces.enumerated() where piece.isMemory {
      let hole = stretches.last.map { piece.range.start - $0.span.end } ?? 0
      if var last = stretches.last, hole == 0 || !isMarked(hole),
        let span = PhysicalRange(start: last.span.start, end: piece.range.end)
      {
        last.span = span
        last.size += piece.range.size
        last.pieces = last.pieces.lowerBound..<index + 1
        stretches[stretches.count - 1] = last
      } else {
        stretches.append(
          Stretch(span: piece.range, size: piece.range.size, pieces: index..<index + 1))
      }
    }
    return stretches
  }

  /// How far an address is into the memory of a stretch, from 0 to 1; nil outside of it.
  func place(of address: UInt64, in stretch: Stretch) -> Double? {
    guard stretch.span.start <= address, address <= stretch.span.end else { return nil }
    var (low, high) = (stretch.pieces.lowerBound, stretch.pieces.upperBound)
    while high - low > 1 {
      let middle = (low + high) / 2
      if pieces[middle].range.start <= address { low = middle } else { high = middle }
    }
    let piece = pieces[low]
    let inside = piece.isMemory ? min(address, piece.range.end) - piece.range.start : 0
    let offset = offsets[low] - offsets[stretch.pieces.lowerBound] + inside
    return Double(offset) / Double(stretch.size)
  }

  /// What a stretch looks like in so many cells: what is of interest, else what most of the cell is.
  func cells(_ count: Int, of stretch: Stretch) -> [MemoryPicture.Kind] {
    let scale = Double(count) / Double(stretch.size)
    let start = offsets[stretch.pieces.lowerBound]
    var cells = Array(repeating: Cell(), count: count)
    for index in stretch.pieces {
      guard let kind = pieces[index].kind, pieces[index].isMemory else { continue }
      let low = Double(offsets[index] - start) * scale
      let high = low + Double(pieces[index].range.size) * scale
      let first = min(Int(low), count - 1)
      for cell in first...max(first, min(high.raised, count) - 1) {
        cells[cell].add(kind, min(high, Double(cell + 1)) - max(low, Double(cell)))
      }
    }
    return cells.map(\.kind)
  }
}

/// What of a cell is painted.
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
