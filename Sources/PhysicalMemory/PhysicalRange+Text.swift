// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

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

  /// What ``init(text:)`` reads, as messages say it.
  package static var textForms: String {
    "a range is START+SIZE, START-LAST or SIZE@START, of at least one byte and below 2^64"
  }
}

extension String {
  /// The text before and after the first `separator`; nil without one.
  fileprivate func splitOnce(at separator: Character) -> (Substring, Substring)? {
    guard let place = firstIndex(of: separator) else { return nil }
    return (self[..<place], self[index(after: place)...])
  }
}
