// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// What an extended header of a tar archive says of the member behind it.
///
/// Records of the form `LENGTH KEY=VALUE` and a newline, each as long in bytes as it says: POSIX.1-2017,
/// pax, "pax Extended Header". Keys that do not matter for a tree (times, owners) are passed over.
struct TarAttributes {
  var path: String?
  private(set) var size: UInt64?

  /// Reads the records of a range.
  ///
  /// - Throws: ``FormatError``, also for files with holes, whose bytes are stored in another form.
  mutating func read(_ range: Range<Int>, in archive: Span<UInt8>) throws(FormatError) {
    var start = range.lowerBound
    while start < range.upperBound {
      let rest = start..<range.upperBound
      let digits = archive.text(until: UInt8(ascii: " "), in: rest.prefix(9))
      guard digits.utf8.count < 9, let length = digits.decimal.flatMap(Int.init),
        length > digits.utf8.count + 1, length <= rest.count,
        archive[start + length - 1] == UInt8(ascii: "\n")
      else { throw .badValue(offset: start, value: UInt64(archive[start])) }
      try read(record: start + digits.utf8.count + 1..<start + length - 1, in: archive)
      start += length
    }
  }

  private mutating func read(
    record: Range<Int>, in archive: Span<UInt8>
  ) throws(FormatError) {
    let key = archive.text(until: UInt8(ascii: "="), in: record)
    let valueStart = record.lowerBound + key.utf8.count + 1
    guard valueStart <= record.upperBound else {
      throw .badValue(offset: record.lowerBound, value: UInt64(record.count))
    }
    // A NUL would end the name for those who unpack it.
    let value = archive.text(until: 0, in: valueStart..<record.upperBound)
    switch key {
    case "path": path = value
    case "size":
      guard let number = value.decimal else {
        throw .badValue(offset: valueStart, value: UInt64(record.upperBound - valueStart))
      }
      size = number
    case _ where key.hasPrefix("GNU.sparse."):
      throw .unsupported(offset: record.lowerBound, value: UInt64(record.count))
    default: break
    }
  }
}
