// SPDX-License-Identifier: Apache-2.0

/// A line that never gets wider than its style allows.
struct TextLine {
  let style: MemoryPicture.TextStyle
  /// The columns that are used.
  private(set) var width = 0
  private var text = ""
  private var color = TextStyle.color(nil)

  typealias TextStyle = MemoryPicture.TextStyle

  init(_ style: TextStyle) { self.style = style }

  /// Adds text, or as much of it as there is room for, in the colour of a use.
  mutating func append(_ string: String, as kind: MemoryPicture.Kind? = nil) {
    let room = style.width - width
    let isCut = string.count > room
    let fitting = isCut ? string.prefix(max(0, room - 1)) + (room > 0 ? [mark] : []) : string[...]
    guard !fitting.isEmpty else { return }
    set(TextStyle.color(kind))
    for character in fitting {
      text.append(style.hasShades || character.isASCII ? character : "?")
    }
    width += fitting.count
  }

  /// Blanks up to a column.
  mutating func advance(to column: Int) {
    if column > width { append(String(repeating: " ", count: column - width)) }
  }

  /// The line; the terminal's own colour is back at its end, and no blanks are there.
  var finished: String {
    var line = self
    line.set(TextStyle.color(nil))
    while line.text.last == " " { line.text.removeLast() }
    return line.text
  }

  /// What stands for text that is cut off.
  private var mark: Character { style.hasShades ? "…" : "~" }

  private mutating func set(_ color: String) {
    guard style.hasColors, color != self.color else { return }
    text += "\u{1b}[\(color)m"
    self.color = color
  }
}
