// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// The command line in a tree.
  static let commandLine: [KernelRule] = [
    .init(
      "bootargs-length", .tree, at: property(ChosenProperty.commandLine),
      "the command line fits the kernel's buffer with its NUL",
      by: RuleReader { $0.takesTree ? $0.commandLineLimit?.rule : nil }, for: any
    ) { tree, reading in
      guard let line = tree.commandLine, let limit = reading.architecture.commandLineLimit,
        line.count >= limit.value
      else { return [] }
      return ["\(line.count) bytes, of which the kernel keeps \(limit.value - 1)"]
    },
    // A tree that is made may have it: the caller's command line is passed on as it is.
    .init(
      "bootargs-elfcorehdr", .finishedTree, at: property(ChosenProperty.commandLine),
      "there is no elfcorehdr= but one in front that says the same as the tree",
      by: .ofTree(.linux("kernel/elfcorehdr.c", "setup_elfcorehdr"))
    ) { tree, _ in
      guard let line = tree.commandLine else { return [] }
      let words = KernelCommandLine(bytes: line).kernelWords
      let own = tree.coreHeader.map { "elfcorehdr=\(hex($0.start))" }
      let isFirst = own.flatMap { words.first?.isWord($0) } ?? false
      guard words.dropFirst(isFirst ? 1 : 0).contains(where: { $0.value(of: "elfcorehdr") != nil })
      else { return [] }
      return ["the command line has elfcorehdr=, which wins over the tree"]
    },
  ]
}
