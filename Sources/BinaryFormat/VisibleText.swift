// SPDX-License-Identifier: Apache-2.0

// Text and bytes of files, as messages and tables show them: nothing in them steers a terminal.
extension StringProtocol {
  /// The same with control characters as numbers: `\u{1b}`.
  ///
  /// - Parameters:
  ///   - limit: the most characters (Unicode scalars) that are shown.
  ///   - isShown: which characters are shown as they are.
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
  ///   - limit: the most bytes that are shown.
  ///   - blanks: whether blanks are shown as they are.
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

  /// A text up to its first NUL, without blanks and newlines at its end.
  package var textBeforeNUL: String {
    var text = Array(prefix { $0 != 0 })
    while let last = text.last, last <= 0x20 { text.removeLast() }
    return String(decoding: text, as: UTF8.self)
  }
}
