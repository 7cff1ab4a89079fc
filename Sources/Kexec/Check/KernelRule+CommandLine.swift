// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
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
      let own = tree.coreHeader.map { "elfcorehdr=\(hex($0.start)) " } ?? ""
      let rest = line.starts(with: own.utf8) ? Array(line.dropFirst(own.utf8.count)) : line
      guard KernelCommandLine(bytes: rest).namesCoreHeader else { return [] }
      return ["the command line has elfcorehdr=, which wins over the tree"]
    },
  ]
}
