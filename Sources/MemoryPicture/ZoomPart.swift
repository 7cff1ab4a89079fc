// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// Rows that are drawn to one scale; or a single one that is not drawn to any.
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
    let dull = plain.reduce(0) { $0 + rows[$1].range.size }
    let isTooMuch =
      plain.count == indices.count
      ? rows[largest].range.size > whole / 4 * 3 : dull > whole / 3 * 2
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
