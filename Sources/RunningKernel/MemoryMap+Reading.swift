// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

extension MemoryMap {
  /// Reads the text of `/proc/iomem`; skips empty lines.
  ///
  /// Format: `kernel/resource.c:r_show`, two blanks of indent a level, `first-last : name`. The rest of
  /// the line is the name.
  ///
  /// - Throws: ``BadLine`` for the first line of another format, or whose last byte is below its first.
  public init(_ text: Span<UInt8>) throws(BadLine) {
    var entries: [Entry] = []
    // Enough, because addresses have eight digits or more; unused memory is never touched.
    entries.reserveCapacity(text.count / "00000000-00000000 : a\n".utf8.count)
    var levels = Levels()
    var (start, number) = (0, 0)
    while start < text.count {
      var end = start
      while end < text.count, text[end] != UInt8(ascii: "\n") { end += 1 }
      number += 1
      if start < end {
        guard let line = Line(text, start..<end) else {
          throw BadLine(number: number, text: text.text(start..<min(end, start + 80)))
        }
        entries.append(
          Entry(
            level: levels.level(of: line), start: line.start, lastByte: line.lastByte,
            name: text.text(line.name)))
      }
      start = end + 1
    }
    self.init(entries: entries)
  }

  /// Reads a string; see ``init(_:)-(Span<UInt8>)``.
  public init(_ text: String) throws(BadLine) {
    try self.init(Array(text.utf8).span)
  }
}

/// One line.
private struct Line {
  let indent: Int
  let start: UInt64
  let lastByte: UInt64
  /// The place of the name in the text.
  let name: Range<Int>

  init?(_ text: Span<UInt8>, _ line: Range<Int>) {
    var offset = line.lowerBound
    while offset < line.upperBound, text[offset] == UInt8(ascii: " ") { offset += 1 }
    indent = (offset - line.lowerBound) / 2
    guard let start = text.address(at: &offset, before: line.upperBound),
      text.skip("-", at: &offset, before: line.upperBound),
      let last = text.address(at: &offset, before: line.upperBound),
      text.skip(" ", at: &offset, before: line.upperBound),
      text.skip(":", at: &offset, before: line.upperBound),
      text.skip(" ", at: &offset, before: line.upperBound), start <= last
    else { return nil }
    (self.start, lastByte) = (start, last)
    name = offset..<line.upperBound
  }

  func mayContain(_ other: Line) -> Bool {
    guard indent == other.indent else { return indent < other.indent }
    return lastByte > 0 && start <= other.start && other.lastByte <= lastByte
  }
}

/// The levels of the lines.
///
/// The indent stops growing at the kernel's `MAX_IORES_LEVEL` (5 or 8), but neighbours never overlap:
/// a line inside the one before it, with the same indent, is its child.
private struct Levels {
  private var open: [(line: Line, level: Int)] = []

  mutating func level(of line: Line) -> Int {
    while let last = open.last, !last.line.mayContain(line) { open.removeLast() }
    let level = open.last.map { $0.level + max(1, line.indent - $0.line.indent) } ?? line.indent
    open.append((line, level))
    return level
  }
}

extension Span<UInt8> {
  /// Reads hexadecimal digits; nil without any, or beyond 64 bits.
  fileprivate func address(at offset: inout Int, before end: Int) -> UInt64? {
    var value: UInt64 = 0
    let start = offset
    while offset < end, let digit = self[offset].hexDigit {
      guard value >> 60 == 0 else { return nil }
      value = value << 4 | digit
      offset += 1
    }
    return offset > start ? value : nil
  }

  /// Skips a character; false when another one is next.
  fileprivate func skip(_ character: Unicode.Scalar, at offset: inout Int, before end: Int) -> Bool
  {
    guard offset < end, self[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }
}
