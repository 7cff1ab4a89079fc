// SPDX-License-Identifier: Apache-2.0

/// Reads a text file line by line; each line is a word, a blank and a value.
package struct LineReader {
  private let lines: [Substring]
  /// The number of the next line, from 1.
  package private(set) var number = 1

  package init(_ text: String) {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    self.lines = lines
  }

  /// Whether all lines have been read.
  package var isAtEnd: Bool { number > lines.count }

  /// Reads the value of the next line; nil, without advancing, if the line begins with another word or `read`
  /// returns nil.
  package mutating func next<Value>(_ word: String, _ read: (String) -> Value?) -> Value? {
    guard !isAtEnd, lines[number - 1].hasPrefix(word + " "),
      let value = read(String(lines[number - 1].dropFirst(word.count + 1)))
    else { return nil }
    number += 1
    return value
  }

  /// The start of a line, for messages; nil after the last line.
  package func text(ofLine number: Int) -> String? {
    number <= lines.count ? String(lines[number - 1].prefix(80)) : nil
  }
}
