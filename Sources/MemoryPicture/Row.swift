// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// A line of the list: one area, or the sum of neighbours.
struct Row: Hashable, Sendable {
  let range: PhysicalRange
  /// The use of most of it; nil for a hole.
  let kind: MemoryPicture.Kind?
  let ground: MemoryPicture.Kind?
  /// The name, without control characters.
  let name: String
  /// Whether it stands for several areas.
  let isSum: Bool

  var isOfInterest: Bool { kind?.isOfInterest == true }
}

extension MemoryPicture {
  /// The most rows.
  static let rowLimit = 41

  /// A row for each area where there are few; else for the most important ones, and sums of the others.
  static func rows(of areas: [Area]) -> [Row] {
    let ranked = areas.mostImportant(rowLimit)
    var kept = ranked.count
    while true {
      let rows = rows(of: areas, keeping: ranked.prefix(kept).sorted())
      // Between and around n rows there are at most n + 1 sums.
      if rows.count <= rowLimit || kept <= rowLimit / 2 { return rows }
      kept -= 1
    }
  }

  private static func rows(of areas: [Area], keeping kept: [Int]) -> [Row] {
    var rows: [Row] = []
    var next = 0
    for index in kept + [areas.count] {
      if next < index { rows.append(Row(areas[next..<index])) }
      if index < areas.count { rows.append(Row(areas[index...index])) }
      next = index + 1
    }
    return rows
  }
}

extension Row {
  /// A row of neighbours, at least one.
  fileprivate init(_ areas: ArraySlice<Area>) {
    let sums = AreaSum.sums(of: areas)
    let (first, last) = (areas[areas.startIndex], areas[areas.endIndex - 1])
    range = PhysicalRange(start: first.range.start, end: last.range.end) ?? first.range
    isSum = areas.count > 1
    kind = isSum ? sums.first?.kind : first.kind
    ground = isSum ? nil : first.ground
    name = isSum ? AreaSum.text(of: sums) : sums.first?.text ?? ""
  }
}

extension [Area] {
  /// The indices of the areas that get a row of their own, the most important first.
  ///
  /// Where there are too many, only those of interest and their neighbours do.
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

  private typealias Importance = (rank: Int, size: UInt64)

  /// Segments first, then crash kernels and the kernel, then their neighbours, then the rest by size.
  private func importance(of index: Int) -> Importance {
    let size = self[index].range.size
    if let kind = self[index].kind, kind.isOfInterest { return (kind.rawValue, size) }
    let isNeighbour = [index - 1, index + 1].contains {
      indices.contains($0) && self[$0].isOfInterest
    }
    return (isNeighbour ? 1 : self[index].kind == nil ? -1 : 0, size)
  }
}

/// Rows that are drawn to one scale, or a single row that is not to scale.
struct ZoomPart: Hashable, Sendable {
  let rows: Range<Int>
  /// Whether the axis is broken here.
  let isBroken: Bool
}

extension MemoryPicture {
  /// Breaks the axis wherever a row of no interest would leave its neighbours no room.
  static func parts(of rows: [Row]) -> [ZoomPart] {
    parts(of: rows, rows.indices)
  }

  private static func parts(of rows: [Row], _ indices: Range<Int>) -> [ZoomPart] {
    guard !indices.isEmpty else { return [] }
    guard let cut = cut(in: rows, indices) else {
      return [ZoomPart(rows: indices, isBroken: false)]
    }
    return parts(of: rows, indices.lowerBound..<cut)
      + [ZoomPart(rows: cut..<cut + 1, isBroken: true)]
      + parts(of: rows, cut + 1..<indices.upperBound)
  }

  /// The row to break the axis at: a sum, or the largest row of no interest when such rows take more than
  /// two thirds of the addresses; where nothing is of interest, when it takes more than three quarters.
  private static func cut(in rows: [Row], _ indices: Range<Int>) -> Int? {
    if let sum = indices.first(where: { rows[$0].isSum }) { return sum }
    let plain = indices.filter { !rows[$0].isOfInterest }
    guard let largest = plain.max(by: { rows[$0].range.size < rows[$1].range.size }) else {
      return nil
    }
    if indices.count == 1 { return rows.count > 1 ? largest : nil }
    let whole = rows[indices].addressCount
    let plainSize = plain.reduce(0) { $0 + rows[$1].range.size }
    let isTooMuch =
      plain.count == indices.count
      ? rows[largest].range.size > whole / 4 * 3 : plainSize > whole / 3 * 2
    return isTooMuch ? largest : nil
  }
}

extension ArraySlice<Row> {
  /// The bytes from the first to the end of the last.
  var addressCount: UInt64 {
    guard let first, let last else { return 0 }
    return last.range.end - first.range.start
  }
}
