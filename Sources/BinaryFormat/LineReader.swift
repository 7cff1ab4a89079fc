// SPDX-License-Identifier: Apache-2.0

/// The lines of a text file with a fact on each, read one after the other: a word, a blank, and what is
/// said of it.
package struct LineReader {
  private let lines: [Substring]
  /// The number of the line that is read next, from 1.
  package private(set) var number = 1

  package init(_ text: String) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    self.lines = lines
  }

  /// Whether all lines have been read.
  package var isAtEnd: Bool { number > lines.count }

  /// Reads the next line. One that does not begin with the word, or that `read` returns nil for, is
  /// not read, and is still the next one.
  package mutating func next<Value>(_ word: String, _ read: (String) -> Value?) -> Value? {
    guard !isAtEnd, lines[number - 1].hasPrefix(word + " "),
      let value = read(String(lines[number - 1].dropFirst(word.count + 1)))
    else { return nil }
    number += 1
    return value
  }

  /// The start of a line, for messages; nil behind the last line.
  package func text(ofLine number: Int) -> String? {
    number <= lines.count ? String(lines[number - 1].prefix(80)) : nil
  }
}
