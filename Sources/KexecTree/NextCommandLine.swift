// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import KexecCheck
public import KexecFacts
import KexecMerge
package import KexecRules
import PhysicalMemory

/// The command line that the next kernel is started with, where it takes no tree: it says where
/// its initrd is, and a crash kernel where its memory and the core header are.
public struct NextCommandLine: Hashable, Sendable {
  /// The bytes of its segment: ``line``, and NULs up to what the running kernel reads.
  public let bytes: [UInt8]
  /// Everything that was done to the running kernel's command line, in order.
  public let changes: [Change]

  /// The command line itself.
  public var line: [UInt8] { Array(bytes.prefix { $0 != 0 }) }

  /// Puts the hand-over in front of the requested command line, word by word as
  /// `arch/loongarch/kernel/machine_kexec_file.c:load_other_segments` does.
  ///
  /// - Throws: `KexecError`, also for a command line that is too long with the hand-over, and one that
  ///   says itself what the hand-over says.
  package init(
    _ request: KexecRequest, _ rules: CommandLineRules
  ) throws(KexecError) {
    var line = request.ownLine
    try line.checkSaysNothing(of: request, rules)
    let words = request.words(rules)
    line.prepend(words.map(\.text).joined(separator: " "))
    try request.check(line)
    bytes = line.bytes + [UInt8](repeating: 0, count: rules.size - line.bytes.count)
    changes =
      line.changes
      + words.map {
        Change(.added, .commandLine, to: .text($0.text), reason: $0.reason, rule: $0.rule)
      } + [
        Change(
          .added, .commandLine, to: .property(PropertyValue(bytes: line.bytes + [0])),
          reason: "all of it", rule: rules.reader)
      ]
  }
}

/// A word of a hand-over, and why it is there.
private typealias Word = (text: String, reason: String, rule: Rule)

extension KexecRequest {
  /// The requested command line; without a tree to take it from, that is only the words to add.
  fileprivate var ownLine: KernelCommandLine {
    switch commandLine {
    case .omitted: KernelCommandLine("")
    case .given(let line): line
    case .ofTree(let words): KernelCommandLine(words)
    }
  }

  /// In the kernel's order.
  fileprivate func words(_ rules: CommandLineRules) -> [Word] {
    var words: [Word] = [(rules.marker, rules.markerReason.text, rules.markerReason.rule)]
    for (number, range) in (crash?.usableMemory ?? []).enumerated() {
      let reason = number == 0 ? "all memory that the crash kernel may use" : "and its low memory"
      words.append(("mem=\(hex(range.size))@\(hex(range.start))", reason, rules.memoryRule))
    }
    if let header = crash?.coreHeader {
      words.append(
        (
          "elfcorehdr=\(hex(header.size))@\(hex(header.start))",
          "the core header that /proc/vmcore is made of", rules.coreHeaderRule
        ))
    }
    if let initrd {
      words.append(
        (
          "initrd=\(hex(initrd.start)),\(hex(initrd.size))", "the initrd, to its exact size",
          rules.initrdRule
        ))
    }
    return words
  }
}

extension KernelCommandLine {
  /// Refuses words that are read behind those of the hand-over, and so win over them.
  fileprivate func checkSaysNothing(
    of request: KexecRequest, _ rules: CommandLineRules
  ) throws(KexecError) {
    for word in kernelWords {
      if word.value(of: "initrd") != nil || word.value(of: "initrdmem") != nil {
        throw .handoverOnCommandLine(word: "initrd=", rules.initrdRule)
      }
      if word.value(of: "elfcorehdr") != nil {
        throw .handoverOnCommandLine(word: "elfcorehdr=", rules.coreHeaderRule)
      }
      if request.purpose == .crash, word.value(of: "mem") != nil {
        throw .handoverOnCommandLine(word: "mem=", rules.memoryRule)
      }
    }
  }
}
