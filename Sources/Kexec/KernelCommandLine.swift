// SPDX-License-Identifier: Apache-2.0

/// A kernel command line on its way to the next kernel, and what was taken out of it.
public struct KernelCommandLine: Hashable, Sendable {
  /// The text for ``Handover/commandLine``.
  public private(set) var text: String
  /// What was removed, to be told with the changes of the tree.
  public private(set) var changes: [Change] = []

  /// A command line that somebody wrote for the next kernel: left as it is.
  public init(written text: String) {
    self.text = text
  }

  /// A running kernel's command line, used again without the words that the last hand-over put in.
  ///
  /// `elfcorehdr=` is written by riscv and powerpc kernels in front of a crash kernel's command line
  /// (`arch/riscv/kernel/elf_kexec.c`); to an ordinary kernel it says that it is a crash kernel
  /// (`kernel/crash_dump.c:setup_elfcorehdr`).
  public init(reused text: String) {
    self.text = text
    let words = Self.words(of: text)
    let stale = words.filter { $0.hasPrefix("elfcorehdr=") }
    guard !stale.isEmpty else { return }
    self.text = words.filter { !stale.contains($0) }.joined(separator: " ")
    changes = stale.map { word in
      Change(
        .removed, .property(ChosenProperty.commandLine, node: ChosenProperty.node),
        from: .text(word), reason: "a word of the last crash kernel's hand-over",
        rule: "kernel/crash_dump.c:setup_elfcorehdr")
    }
  }

  /// Adds words at the end.
  public mutating func append(_ words: String) {
    guard !words.isEmpty else { return }
    text += text.isEmpty ? words : " " + words
  }

  /// Words between blanks; quotes keep blanks together, as in `lib/cmdline.c:next_arg`.
  private static func words(of text: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    for character in text {
      if character == "\"" { isQuoted.toggle() }
      guard !isQuoted, character.isWhitespace else {
        word.append(character)
        continue
      }
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    return word.isEmpty ? words : words + [word]
  }
}
