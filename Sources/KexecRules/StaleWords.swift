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
