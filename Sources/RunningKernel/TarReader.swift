// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Reads the members of a tar archive: POSIX.1-1988 (ustar), POSIX.1-2001 (pax) and GNU tar, as far as
/// folders of files need it.
///
/// Source: POSIX.1-2017, pax, "EXTENDED DESCRIPTION"; GNU tar manual, "Basic Tar Format". Offsets are
/// bytes from the start of the archive. An archive without the final block of zeros was truncated, and is
/// refused.
struct TarReader {
  struct Member {
    /// The path as stored.
    let path: String
    let kind: Kind
    /// The place of a file's bytes.
    let content: Range<Int>
  }

  /// The kind of a member; links, devices and pipes are `other`.
  enum Kind { case folder, file, other }

  /// Bytes in a block: a header is one.
  static let blockSize = 512

  private var offset = 0

  /// Whether the first header of a file has the magic number.
  static func isArchive(_ file: Span<UInt8>) -> Bool {
    file.count >= blockSize && Header(start: 0).hasMagic(in: file)
  }

  /// The next member; nil at the end of the archive.
  mutating func next(in archive: Span<UInt8>) throws(FormatError) -> Member? {
    var extended = TarAttributes()
    while true {
      let header = Header(start: offset)
      guard try header.isValid(in: archive) else { return nil }
      let type = archive[header.start + 156]
      let content = try self.content(of: header, type, size: extended.size, in: archive)
      offset = min(archive.count, content.upperBound + (-content.count & (Self.blockSize - 1)))
      switch type {
      case UInt8(ascii: "L"):
        extended.path = archive.text(content, until: 0)
      case UInt8(ascii: "x"), UInt8(ascii: "X"):
        try extended.read(content, in: archive)
      case UInt8(ascii: "g"):
        var all = TarAttributes()
        try all.read(content, in: archive)
        guard all.path == nil, all.size == nil else {
          throw .unsupported(offset: header.start + 156, value: UInt64(type))
        }
      case UInt8(ascii: "K"), UInt8(ascii: "V"):
        continue
      default:
        let path = extended.path ?? header.path(in: archive)
        return Member(
          path: path, kind: try header.kind(type, isFolderByName: path.utf8.last == 0x2f),
          content: content)
      }
    }
  }

  /// The place of the bytes after a header; `size` is that of an extended header.
  private func content(
    of header: Header, _ type: UInt8, size: UInt64?, in archive: Span<UInt8>
  ) throws(FormatError) -> Range<Int> {
    let start = header.start + Self.blockSize
    // Links, devices, folders and pipes have no bytes, whatever size they have.
    if UInt8(ascii: "1")...UInt8(ascii: "6") ~= type { return start..<start }
    let ownSize = try header.number(at: 124, size: 12, in: archive)
    let size = size ?? ownSize
    guard size <= UInt64(archive.count - start) else {
      throw .truncated(offset: start, size: Int(clamping: size))
    }
    return start..<start + Int(size)
  }
}

/// One header block.
private struct Header {
  let start: Int

  /// Checks the header; false for the block of zeros at the end of the archive.
  func isValid(in archive: Span<UInt8>) throws(FormatError) -> Bool {
    guard start <= archive.count - TarReader.blockSize else {
      throw .truncated(offset: start, size: TarReader.blockSize)
    }
    // The field of the sum counts as blanks; some old programs add signed bytes.
    var (sum, signedSum, isZero) = (0, 0, true)
    for place in 0..<TarReader.blockSize {
      let byte = archive[start + place]
      isZero = isZero && byte == 0
      let counted = 148..<156 ~= place ? UInt8(ascii: " ") : byte
      sum += Int(counted)
      signedSum += Int(Int8(bitPattern: counted))
    }
    if isZero { return false }
    guard hasMagic(in: archive) else { throw .badMagic(offset: start + 257) }
    let stored = try number(at: 148, size: 8, in: archive)
    guard stored == sum || signedSum >= 0 && stored == signedSum else {
      throw .badValue(offset: start + 148, value: stored)
    }
    return true
  }

  /// Both "ustar" and NUL, and GNU's "ustar" and a blank.
  func hasMagic(in archive: Span<UInt8>) -> Bool {
    "ustar".utf8.enumerated().allSatisfy { archive[start + 257 + $0] == $1 }
  }

  func kind(_ type: UInt8, isFolderByName: Bool) throws(FormatError) -> TarReader.Kind {
    switch type {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): isFolderByName ? .folder : .file
    case UInt8(ascii: "5"): .folder
    case UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): .other
    // Hard links, parts of files and sparse files.
    default: throw .unsupported(offset: start + 156, value: UInt64(type))
    }
  }

  /// The path in this header: POSIX has a second field for a prefix.
  func path(in archive: Span<UInt8>) -> String {
    let name = archive.text(start..<start + 100, until: 0)
    // GNU's archives have times in that field.
    guard archive[start + 262] == 0 else { return name }
    let prefix = archive.text(start + 345..<start + 500, until: 0)
    return prefix.isEmpty ? name : prefix + "/" + name
  }

  /// A number: octal digits, or binary when the first bit is set.
  func number(
    at field: Int, size: Int, in archive: Span<UInt8>
  ) throws(FormatError) -> UInt64 {
    let place = start + field
    var value: UInt64 = 0
    if archive[place] & 0x80 != 0 {
      value = UInt64(archive[place] & 0x7f)
      for index in 1..<size {
        guard value < 1 << 55 else { throw .badValue(offset: place, value: .max) }
        value = value << 8 | UInt64(archive[place + index])
      }
      return value
    }
    var index = 0
    while index < size, archive[place + index] == UInt8(ascii: " ") { index += 1 }
    while index < size, UInt8(ascii: "0")...UInt8(ascii: "7") ~= archive[place + index] {
      // 12 digits are 36 bits.
      value = value << 3 | UInt64(archive[place + index] & 7)
      index += 1
    }
    while index < size {
      let byte = archive[place + index]
      guard byte == 0 || byte == UInt8(ascii: " ") else {
        throw .badValue(offset: place + index, value: UInt64(byte))
      }
      index += 1
    }
    return value
  }
}

/// The path and the size of a member, from the extended header before it.
///
/// Records of the form `LENGTH KEY=VALUE` and a newline, where the length counts the whole record:
/// POSIX.1-2017, pax, "pax Extended Header". Other keys (times, owners) are skipped.
struct TarAttributes {
  var path: String?
  private(set) var size: UInt64?

  /// Reads the records of a range.
  ///
  /// - Throws: `FormatError`, also for sparse files, whose bytes are stored in another form.
  mutating func read(_ range: Range<Int>, in archive: Span<UInt8>) throws(FormatError) {
    var start = range.lowerBound
    while start < range.upperBound {
      let rest = start..<range.upperBound
      let digits = archive.text(rest.prefix(9), until: UInt8(ascii: " "))
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
    let key = archive.text(record, until: UInt8(ascii: "="))
    let valueStart = record.lowerBound + key.utf8.count + 1
    guard valueStart <= record.upperBound else {
      throw .badValue(offset: record.lowerBound, value: UInt64(record.count))
    }
    // For a program that unpacks it, the name ends at a NUL.
    let value = archive.text(valueStart..<record.upperBound, until: 0)
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
