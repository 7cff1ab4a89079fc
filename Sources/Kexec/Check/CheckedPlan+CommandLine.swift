// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

// What the next kernel will believe of a command line that tells what elsewhere a tree does, against what is
// loaded.
extension CheckedPlan {
  var commandLine: [Finding] {
    guard let rules = architecture.commandLineRules else { return [] }
    guard let part = part(.commandLine), let line = view?.commandLine else {
      return [Finding("cmdline", "there is no command line", rule: rules.reader)]
    }
    let words = KernelCommandLine(bytes: line).kernelWords
    let untold = parts.filter { $0.name == LoadPart.measurements.name } + extraParts
    return untold.map {
      Finding($0.name, "a kernel without a tree cannot be told of it", rule: rules.reader)
    } + form(of: part, line, rules) + marker(line, words, rules) + initrd(words, rules)
      + coreHeaderPlace(words, rules) + memory(words, rules)
  }

  /// The running kernel copies so many bytes, whatever the size of the loader's buffer.
  private func form(
    of part: SegmentCheck.Segment, _ line: [UInt8], _ rules: CommandLineRules
  ) -> [Finding] {
    guard part.content.size >= rules.size else {
      return [
        Finding(
          "cmdline",
          "\(part.content.size) bytes; the kernel copies \(rules.size) from the loader's buffer",
          rule: rules.reader)
      ]
    }
    guard line.count >= rules.size else { return [] }
    return [
      Finding(
        "cmdline", "no NUL in \(rules.size) bytes: the kernel cuts the command line",
        rule: architecture.commandLineLimit?.rule ?? rules.reader)
    ]
  }

  /// A crash kernel that moves itself does not look where its memory ends.
  private func marker(
    _ line: [UInt8], _ words: [CommandLineWord], _ rules: CommandLineRules
  ) -> [Finding] {
    guard line.starts(with: rules.start.utf8) else {
      return [
        Finding(
          "cmdline", "does not begin with \(rules.start): the kernel does not find it",
          rule: rules.reader)
      ]
    }
    let stays = words.contains { $0.isWord(rules.marker) || $0.isWord("nokaslr") }
    guard manifest.isForCrash, !stays else { return [] }
    return [
      Finding(
        "cmdline", "without \(rules.marker), the crash kernel may move itself out of its memory",
        rule: rules.markerReason.rule)
    ]
  }

  private func initrd(_ words: [CommandLineWord], _ rules: CommandLineRules) -> [Finding] {
    let loaded = part(.initrd)?.exactRange
    return compare(
      words, "initrd", CommandLineWord.startAndSize, loaded, rules.initrdRule
    ) { $0 == loaded }
  }

  private func coreHeaderPlace(
    _ words: [CommandLineWord], _ rules: CommandLineRules
  ) -> [Finding] {
    let loaded = part(.coreHeader)?.range
    let findings = compare(
      words, "elfcorehdr", CommandLineWord.sizeAndStart, loaded, rules.coreHeaderRule
    ) { loaded?.contains($0) == true && loaded?.start == $0.start }
    guard manifest.isForCrash, loaded == nil else { return findings }
    return findings + [
      Finding(
        "elfcorehdr", "a crash kernel without one has no /proc/vmcore", rule: rules.coreHeaderRule)
    ]
  }

  /// Every word of a name tells of what is loaded, and there is one if anything is.
  private func compare(
    _ words: [CommandLineWord], _ name: String,
    _ read: (ArraySlice<UInt8>) -> PhysicalRange?, _ loaded: PhysicalRange?, _ rule: Rule,
    isRight: (PhysicalRange) -> Bool
  ) -> [Finding] {
    let told = words.compactMap { $0.value(of: name) }
    let place = loaded.map { "one at \($0)" } ?? "none"
    guard !told.isEmpty || loaded == nil else {
      return [Finding("cmdline", "has no \(name)=, loaded is \(place)", rule: rule)]
    }
    return told.filter { read($0).map(isRight) != true }.map {
      Finding(
        "cmdline", "has \(name)=\($0.shown), loaded is \(place)",
        rule: rule)
    }
  }

  /// All that a crash kernel may use; and whatever kernel it is, the memory that it lies in.
  private func memory(_ words: [CommandLineWord], _ rules: CommandLineRules) -> [Finding] {
    let told = words.compactMap { $0.value(of: "mem") }
    let ranges = told.compactMap(CommandLineWord.sizeAndStart)
    guard manifest.isForCrash || !ranges.isEmpty else { return [] }
    var findings: [Finding] = []
    if ranges.isEmpty || manifest.isForCrash && ranges.count < told.count {
      findings.append(
        Finding(
          "cmdline", "mem= does not cap the memory of a crash kernel: it would destroy the dump",
          rule: rules.memoryRule))
    }
    let regions = PhysicalRangeSet(machine.crashRegions)
    if manifest.isForCrash, !regions.isEmpty {
      findings += ranges.filter { !regions.contains($0) }.map {
        Finding("cmdline", "lets the crash kernel use \($0), not its own", rule: rules.memoryRule)
      }
    }
    let known = PhysicalRangeSet(ranges)
    return findings
      + parts.filter { $0.name != LoadPart.commandLine.name && !known.contains($0.range) }.map {
        Finding(
          $0.name, "\($0.range) is not in memory that the next kernel is told of",
          rule: rules.memoryRule)
      }
  }
}

extension ArraySlice<UInt8> {
  /// What can be shown of a value on one line.
  fileprivate var shown: String {
    String(decoding: prefix(80).map { 0x20..<0x7f ~= $0 ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }
}
