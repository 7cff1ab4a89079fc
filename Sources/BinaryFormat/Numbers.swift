// SPDX-License-Identifier: Apache-2.0

// Numbers in files and on command lines: digits without a sign. All are nil for any other text, and for
// a number of more than 64 bits.
extension StringProtocol {
  /// Hexadecimal digits, and nothing else.
  package var hexadecimal: UInt64? { allSatisfy(\.isHexDigit) ? UInt64(self, radix: 16) : nil }

  /// Decimal digits, and nothing else.
  package var decimal: UInt64? { allSatisfy(\.isWholeNumber) ? UInt64(self) : nil }

  /// `0x` and hexadecimal digits.
  package var prefixedHexadecimal: UInt64? { hasPrefix("0x") ? dropFirst(2).hexadecimal : nil }
}

extension UInt64 {
  /// A number on a command line: decimal digits, or hexadecimal ones after `0x` or `0X`.
  package init?(address text: some StringProtocol) {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    guard let number = isHexadecimal ? text.dropFirst(2).hexadecimal : text.decimal else {
      return nil
    }
    self = number
  }

  /// A number of bytes on a command line: as an address, or with K, M or G for 2^10, 2^20 or 2^30.
  package init?(size text: some StringProtocol) {
    let shifts: [Character: UInt64] = ["K": 10, "M": 20, "G": 30, "k": 10, "m": 20, "g": 30]
    guard let suffix = text.last, let shift = shifts[suffix] else {
      self.init(address: text)
      return
    }
    guard let number = UInt64(address: text.dropLast()), number <= .max >> shift else { return nil }
    self = number << shift
  }
}

/// A number in messages and JSON: `0x` and lower-case digits.
package func hex<Value: BinaryInteger>(_ value: Value) -> String {
  "0x" + String(value, radix: 16)
}
