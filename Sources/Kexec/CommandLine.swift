// SPDX-License-Identifier: Apache-2.0

/// A kernel command line that is used again for the next kernel.
///
/// Words are separated by blanks, and quotes keep blanks together, as `lib/cmdline.c:next_arg`.
public struct CommandLine: Hashable, Sendable {
  /// The words, quotes and all, in order.
  public private(set) var words: [String]

  /// Splits a command line; a final newline, as in `/proc/cmdline`, does not count.
  public init(_ text: String) {
    words = []
    var word = ""
    var isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      if !isQuoted, character.isWhitespace {
        if !word.isEmpty { words.append(word) }
        word = ""
      } else {
        word.append(character)
      }
    }
    if !word.isEmpty { words.append(word) }
  }

  /// The words, one blank between two.
  public var text: String { words.joined(separator: " ") }

  /// Takes out words that the last hand-over put there, and returns them.
  ///
  /// `elfcorehdr=` is written by riscv and powerpc kernels in front of a crash kernel's command line;
  /// to an ordinary kernel it says that it is a crash kernel (`kernel/crash_dump.c:setup_elfcorehdr`).
  public mutating func removeLastHandover() -> [String] {
    let stale = words.filter { $0.hasPrefix("elfcorehdr=") }
    words.removeAll { $0.hasPrefix("elfcorehdr=") }
    return stale
  }
}
