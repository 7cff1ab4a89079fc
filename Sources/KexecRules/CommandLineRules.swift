// SPDX-License-Identifier: Apache-2.0

package import KexecFacts

/// The words of a running kernel's command line that are not for the next one.
package struct StaleWords {
  private let purpose: Purpose
  private let rules: CommandLineRules?
  /// Whether the running kernel is a crash kernel.
  private let isOfCrash: Bool

  /// - Parameters:
  ///   - words: all of the command line.
  ///   - rules: nil where the next kernel reads the rest in a tree.
  package init(_ words: [CommandLineWord], for purpose: Purpose, _ rules: CommandLineRules?) {
    self.purpose = purpose
    self.rules = rules
    isOfCrash = words.contains { $0.value(of: "elfcorehdr") != nil }
  }

  /// Why a word is left out, and the rule; nil for one that stays.
  package func reason(for word: CommandLineWord) -> (String, Rule)? {
    if word.value(of: "elfcorehdr") != nil {
      return (
        "a word of the last crash kernel's hand-over",
        .linux("kernel/elfcorehdr.c", "setup_elfcorehdr")
      )
    }
    if let reason = rules.flatMap({ handover(word, $0) }) { return reason }
    guard purpose == .crash, word.value(of: "crashkernel") != nil || word.capsMemory else {
      return nil
    }
    return (
      "is for the kernel that may crash", .linux("kernel/crash_reserve.c", "parse_crashkernel")
    )
  }

  /// What only a loader writes, where there is no tree.
  private func handover(_ word: CommandLineWord, _ rules: CommandLineRules) -> (String, Rule)? {
    if rules.markers.contains(where: word.isWord) {
      return ("says that a loader wrote the last command line", rules.reader)
    }
    if word.value(of: "initrd") != nil || word.value(of: "initrdmem") != nil {
      return ("where the last initrd was, which is not passed on", rules.initrdRule)
    }
    guard word.value(of: "mem") != nil else { return nil }
    if isOfCrash, word.capsMemory {
      return ("the memory of the last crash kernel", rules.memoryRule)
    }
    return purpose == .crash ? ("the memory of the kernel that may crash", rules.memoryRule) : nil
  }
}

extension CommandLineWord {
  /// Whether it is a cap that LoongArch's hand-over puts in: `mem=size@start`.
  fileprivate var capsMemory: Bool {
    value(of: "mem")?.contains(UInt8(ascii: "@")) == true
  }
}

/// How a loader passes on the command line what other architectures have in a tree.
///
/// The command line is a segment of its own: the running kernel copies it from the loader's buffer to where
/// the next one reads it.
package struct CommandLineRules: Sendable {
  /// The first word, which says that a loader wrote the line.
  package let marker: String
  /// Why it is that one, and whose rule that is.
  package let markerReason: (text: String, rule: Rule)
  /// The bytes by which the running kernel finds the segment: its first ones, and no other segment's.
  package let start: String
  /// All words that loaders begin a line with.
  package let markers: [String]
  /// Bytes that the running kernel reads from the loader's buffer.
  package let size: Int
  /// Who finds the segment and copies it.
  package let reader: Rule
  /// The functions that write the other words.
  package let (memoryRule, coreHeaderRule, initrdRule): (Rule, Rule, Rule)
}
