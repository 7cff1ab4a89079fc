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
      by: .each { $0.takesTree ? $0.commandLineLimit?.rule : nil }, for: any
    ) { tree, reading in
      guard let line = tree.commandLine, let limit = reading.architecture.commandLineLimit,
        line.count >= limit.value
      else { return [] }
      return ["\(line.count) bytes, of which the kernel keeps \(limit.value - 1)"]
    },
    // A new tree may have it: the caller's command line is passed on as it is.
    .init(
      "bootargs-elfcorehdr", .finishedTree, at: property(ChosenProperty.commandLine),
      "no elfcorehdr= but one in front that has the address in the tree",
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

  /// A command line in place of a tree, compared with what is loaded.
  static let commandLineSegment: [KernelRule] = [
    .init("plan-has-command-line", .plan, at: "cmdline", "a plan has a command line", by: finder) {
      plan, _ in plan.line == nil ? ["there is no command line"] : []
    },
    .init("no-buffers", .line, "no segment is loaded that only a tree can name", by: finder) {
      known, _ in
      ([known.plan[.imaBuffer]].compactMap { $0 } + known.plan.extras).map {
        Problem("a kernel without a tree does not find it", at: $0.name)
      }
    },
    .init(
      "cmdline-size", .line, at: "cmdline", "the segment has the bytes that are copied", by: finder
    ) {
      known, _ in
      let (size, copied) = (known.line.segment.content.size, known.rules.size)
      guard size < copied else { return [] }
      return ["\(size) bytes; the kernel copies \(copied) from the loader's buffer"]
    },
    .init(
      "cmdline-ends", .line, at: "cmdline",
      "a NUL ends the command line within the bytes that are copied",
      by: .each { $0.takesTree ? nil : $0.commandLineLimit?.rule }
    ) { known, _ in
      guard known.line.bytes.count >= known.rules.size else { return [] }
      return ["no NUL in \(known.rules.size) bytes: the kernel cuts the command line"]
    },
    .init(
      "cmdline-start", .line, at: "cmdline",
      "the command line begins with the word that the kernel looks for", by: finder
    ) {
      known, _ in
      guard !known.line.bytes.starts(with: known.rules.start.utf8) else { return [] }
      return ["does not begin with \(known.rules.start): the kernel does not find it"]
    },
    // A crash kernel that moves itself ignores the end of its memory.
    .init(
      "cmdline-no-kaslr", .line, at: "cmdline", "a crash kernel stays where it is loaded",
      by: .each { $0.commandLineRules?.markerReason.rule }, for: [.crash],
      since: KernelRelease(6, 3)
    ) { known, _ in
      let marker = known.rules.marker
      guard known.line.bytes.starts(with: known.rules.start.utf8),
        !known.line.words.contains(where: { $0.isWord(marker) || $0.isWord("nokaslr") })
      else { return [] }
      return ["without \(marker), the crash kernel may move itself out of its memory"]
    },
    .init(
      "cmdline-initrd", .line, at: "cmdline", "each initrd= has the address of the initrd",
      by: .each { $0.commandLineRules?.initrdRule }
    ) { known, _ in
      let loaded = known.plan[.initrd]?.exactRange
      return known.line.compare("initrd", CommandLineWord.startAndSize, with: loaded) {
        $0 == loaded
      }
    },
    .init(
      "cmdline-elfcorehdr", .line, at: "cmdline",
      "each elfcorehdr= has the address of the elfcorehdr", by: headerWriter
    ) { known, _ in
      let loaded = known.plan[.coreHeader]?.range
      return known.line.compare("elfcorehdr", CommandLineWord.sizeAndStart, with: loaded) {
        loaded?.contains($0) == true && loaded?.start == $0.start
      }
    },
    .init(
      "cmdline-has-elfcorehdr", .line, at: "elfcorehdr", "a crash kernel has an elfcorehdr",
      by: headerWriter, for: [.crash]
    ) { known, _ in
      known.plan[.coreHeader] == nil ? ["a crash kernel without one has no /proc/vmcore"] : []
    },
    .init(
      "cmdline-cap", .line, at: "cmdline", "mem= caps the memory of a crash kernel, with its start",
      by: memoryWriter, for: [.crash]
    ) { known, _ in
      let (ranges, words) = (known.line.memory, known.line.values("mem"))
      guard ranges.isEmpty || ranges.count < words.count else { return [] }
      return ["mem= does not cap the memory of a crash kernel: it would destroy the dump"]
    },
    .init(
      "cmdline-cap-own", .line, at: "cmdline", "mem= is memory that is set apart for crash kernels",
      by: memoryWriter, for: [.crash]
    ) { known, reading in
      let regions = PhysicalRangeSet(reading.machine.crashRegions)
      return known.line.memory.filter { !regions.isEmpty && !regions.contains($0) }.map {
        "lets the crash kernel use \($0), which is not set apart for it"
      }
    },
    .init("cmdline-memory", .line, "each segment is in the memory of mem=", by: memoryWriter) {
      known, _ in
      let memory = PhysicalRangeSet(known.line.memory)
      guard known.plan.purpose == .crash || !memory.isEmpty else { return [] }
      return known.plan.segments.filter { $0.kind != .commandLine && !memory.contains($0.range) }
        .map {
          Problem("\($0.range) is not in the memory of mem=", at: $0.name)
        }
    },
  ]

  private static let finder = RuleReader.each { $0.commandLineRules?.reader }
  private static let headerWriter = RuleReader.each { $0.commandLineRules?.coreHeaderRule }
  private static let memoryWriter = RuleReader.each { $0.commandLineRules?.memoryRule }
}

extension ReadPlan.Line {
  /// The values of the words of a name.
  fileprivate func values(_ name: String) -> [ArraySlice<UInt8>] {
    words.compactMap { $0.value(of: name) }
  }

  /// The ranges of `mem=`; a size without a start is not one.
  fileprivate var memory: [PhysicalRange] {
    values("mem").compactMap(CommandLineWord.sizeAndStart)
  }

  /// Every word of a name has the address of what is loaded, and exists if anything is.
  fileprivate func compare(
    _ name: String, _ read: (ArraySlice<UInt8>) -> PhysicalRange?,
    with loaded: PhysicalRange?, isRight: (PhysicalRange) -> Bool
  ) -> [KernelRule.Problem] {
    let said = values(name)
    let place = loaded.map { "one at \($0)" } ?? "none"
    guard !said.isEmpty || loaded == nil else { return ["has no \(name)=, loaded is \(place)"] }
    return said.filter { read($0).map(isRight) != true }.map {
      "has \(name)=\($0.visibleASCII(limit: 80)), loaded is \(place)"
    }
  }
}
