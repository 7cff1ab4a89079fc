// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// A line of the list: one piece, or the sum of neighbours.
struct Row: Hashable, Sendable {
  let range: PhysicalRange
  /// The use of most of it; nil for a hole.
  let kind: MemoryPicture.Kind?
  let ground: MemoryPicture.Kind?
  /// What it is, without anything that steers a terminal.
  let name: String
  /// Whether what is in it is not shown.
  let isSum: Bool

  var isOfInterest: Bool { kind?.isOfInterest == true }
}

extension MemoryPicture {
  /// The most rows there are.
  static let rowLimit = 41

  /// Every piece as a row where there are few; else those that matter, and sums of those between.
  static func rows(of pieces: [Piece]) -> [Row] {
    let ranked = pieces.mostImportant(rowLimit)
    var kept = ranked.count
    while true {
      let rows = rows(of: pieces, keeping: ranked.prefix(kept).sorted())
      // What is kept has one sum more between and around it at the most.
      if rows.count <= rowLimit || kept <= rowLimit / 2 { return rows }
      kept -= 1
    }
  }

  private static func rows(of pieces: [Piece], keeping kept: [Int]) -> [Row] {
    var rows: [Row] = []
    var next = 0
    for index in kept + [pieces.count] {
      if next < index { rows.append(Row(pieces[next..<index])) }
      if index < pieces.count { rows.append(Row(pieces[index...index])) }
      next = index + 1
    }
    return rows
  }
}

extension Row {
  /// A row of neighbours, at least one.
  fileprivate init(_ pieces: ArraySlice<Piece>) {
    let sums = PieceSum.sums(of: pieces)
    let (first, last) = (pieces[pieces.startIndex], pieces[pieces.endIndex - 1])
    range = PhysicalRange(start: first.range.start, end: last.range.end) ?? first.range
    isSum = pieces.count > 1
    kind = isSum ? sums.first?.kind : first.kind
    ground = isSum ? nil : first.ground
    name = isSum ? PieceSum.text(of: sums) : sums.first?.text ?? ""
  }
}

/// How important it is that a piece is seen by itself.
private struct Importance: Comparable {
  let rank: Int
  let size: UInt64

  static func < (one: Self, other: Self) -> Bool {
    (one.rank, one.size) < (other.rank, other.size)
  }
}

extension [Piece] {
  /// The indices of the pieces that are best seen by themselves, the most important first.
  ///
  /// Where there are too many for all, those far from what is of interest are not among them.
  fileprivate func mostImportant(_ limit: Int) -> [Int] {
    var found: [(importance: Importance, index: Int)] = []
    for index in indices {
      let importance = importance(of: index)
      if found.count == limit {
        guard let last = found.last, last.importance < importance else { continue }
        found.removeLast()
      }
      let place = found.firstIndex { $0.importance < importance } ?? found.count
      found.insert((importance, index), at: place)
    }
    let near = found.prefix { $0.importance.rank > 0 }.count
    return found.prefix(count <= limit ? count : near > 0 ? near : 8).map(\.index)
  }

  /// Segments first, then crash kernels and the kernel, then what is around them, then the rest by size.
  private func importance(of index: Int) -> Importance {
    let size = self[index].range.size
    if let kind = self[index].kind, kind.isOfInterest {
      return Importance(rank: kind.rawValue, size: size)
    }
    let isNeighbour = [index - 1, index + 1].contains {
      indices.contains($0) && self[$0].isOfInterest
    }
    return Importance(rank: isNeighbour ? 1 : self[index].kind == nil ? -1 : 0, size: size)
  }
}
