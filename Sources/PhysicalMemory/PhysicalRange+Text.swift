// SPDX-License-Identifier: Apache-2.0

extension PhysicalRange {
  /// Reads a range as a person writes it on a command line.
  ///
  /// Three forms: `START+SIZE`, `START-LAST` (inclusive, as `/proc/iomem` prints) and `SIZE@START`
  /// (as `crashkernel=`). Numbers are decimal or `0x…`; a size may end in K, M or G, and so may the
  /// start behind `@`.
  /// Nil for any other text, for an empty range and for one that wraps.
  public init?(text: String) {
    if let (start, size) = text.splitOnce(at: "+") {
      guard let start = UInt64(address: start), let size = UInt64(size: size) else { return nil }
      self.init(start: start, size: size)
    } else if let (size, start) = text.splitOnce(at: "@") {
      guard let start = UInt64(size: start), let size = UInt64(size: size) else { return nil }
      self.init(start: start, size: size)
    } else if let (start, last) = text.splitOnce(at: "-") {
      guard let start = UInt64(address: start), let last = UInt64(address: last) else { return nil }
      self.init(start: start, lastByte: last)
    } else {
      return nil
    }
  }
}

extension UInt64 {
  /// A number as a person writes it: decimal digits, or hexadecimal ones after `0x`.
  package init?(address text: some StringProtocol) {
    let isHexadecimal = text.hasPrefix("0x") || text.hasPrefix("0X")
    let digits = isHexadecimal ? text.dropFirst(2) : text[...]
    guard digits.first != "+", digits.first != "-" else { return nil }
    self.init(digits, radix: isHexadecimal ? 16 : 10)
  }

  /// A number of bytes: as an address, or with K, M or G for 2^10, 2^20 or 2^30 bytes.
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

extension String {
  /// The text before and after the first `separator`; nil without one.
  fileprivate func splitOnce(at separator: Character) -> (Substring, Substring)? {
    guard let place = firstIndex(of: separator) else { return nil }
    return (self[..<place], self[index(after: place)...])
  }
}
