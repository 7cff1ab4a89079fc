// SPDX-License-Identifier: Apache-2.0

// Text and bytes of files, and text for messages and tables, without control characters.
extension StringProtocol {
  /// The text with control characters as numbers: `\u{1b}`.
  ///
  /// - Parameters:
  ///   - limit: the most characters (Unicode scalars).
  ///   - isShown: which characters stay as they are.
  package func visible(
    limit: Int = .max,
    where isShown: (Unicode.Scalar) -> Bool = { $0.properties.generalCategory != .control }
  ) -> String {
    unicodeScalars.prefix(limit).map { scalar in
      isShown(scalar) ? String(scalar) : "\\u{\(String(scalar.value, radix: 16))}"
    }.joined()
  }
}

extension Sequence<UInt8> {
  /// ASCII characters, and `?` for every other byte.
  ///
  /// - Parameters:
  ///   - limit: the most bytes.
  ///   - blanks: whether blanks stay as they are.
  package func visibleASCII(limit: Int = .max, blanks: Bool = true) -> String {
    let shown: ClosedRange<UInt8> = blanks ? 0x20...0x7e : 0x21...0x7e
    let bytes = prefix(limit).map { shown ~= $0 ? $0 : UInt8(ascii: "?") }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension RandomAccessCollection<UInt8> {
  /// Two hexadecimal digits for each byte.
  package var hexDigits: String {
    var text: [UInt8] = []
    text.reserveCapacity(2 * count)
    for byte in self {
      for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The text up to its first NUL, without trailing blanks and newlines.
  package var textBeforeNUL: String {
    var text = Array(prefix { $0 != 0 })
    while let last = text.last, last <= 0x20 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}

extension Span<UInt8> {
  /// A copy of the bytes.
  package var array: [UInt8] { unsafe withUnsafeBufferPointer { unsafe Array($0) } }

  /// The bytes of a range as text.
  package func text(_ range: Range<Int>) -> String {
    unsafe extracting(range).withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of a range as text, up to the first `end`.
  package func text(_ range: Range<Int>, until end: UInt8) -> String {
    var stop = range.lowerBound
    while stop < range.upperBound, self[stop] != end { stop += 1 }
    return text(range.lowerBound..<stop)
  }
}

extension UInt8 {
  /// The value of a hexadecimal digit in ASCII; nil for any other character.
  @inlinable
  package var hexDigit: UInt64? {
    switch self {
    case 0x30...0x39: UInt64(self - 0x30)
    case 0x61...0x66: UInt64(self - 0x61 + 10)
    case 0x41...0x46: UInt64(self - 0x41 + 10)
    default: nil
    }
  }
}

extension String {
  /// The text, filled with blanks up to a width.
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
      line += " " + word
      guard column < row.count - 1 else { return }
      line += String(repeating: " ", count: widths[column] - word.utf8.count)
    }
  }
}
