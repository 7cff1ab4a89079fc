// SPDX-License-Identifier: Apache-2.0

extension String {
  /// The same, with blanks after it up to a width, or before it.
  package func padded(to width: Int, onLeft: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(0, width - count))
    return onLeft ? blanks + self : self + blanks
  }
}

/// The lines of a table: columns as wide as their widest word; the last one as it is.
package func aligned(_ rows: [[String]]) -> [String] {
  var widths = Array(repeating: 0, count: rows[0].count)
  for row in rows {
    for (column, word) in row.enumerated() {
      widths[column] = max(widths[column], word.utf8.count)
    }
  }
  return rows.map { row in
    row.enumerated().reduce(into: " ") { line, entry in
      let (column, word) = entry
      let isLast = column == row.count - 1
      line += " " + word
      if !isLast { line += String(repeating: " ", count: widths[column] - word.utf8.count) }
    }
  }
}
