// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
public import KexecFacts
package import KexecRules
import PhysicalMemory

/// The command line that the next kernel is started with, where it takes no tree: it says where
/// the initrd is, and to a crash kernel where its memory and the core header are.
public struct NextCommandLine: Hashable, Sendable {
  /// The bytes of its segment: ``line``, and NULs up to what the running kernel reads.
  public let bytes: [UInt8]
  /// Everything that was done to the running kernel's command line, in order.
  public let changes: [Change]

  /// The command line without the NULs.
  public var line: [UInt8] { Array(bytes.prefix { $0 != 0 }) }

  /// Puts the hand-over in front of the requested command line, word by word as
  /// `arch/loongarch/kernel/machine_kexec_file.c:load_other_segments` does.
  ///
  /// - Throws: `KexecError`, also for a command line that is too long with the hand-over, and for one with
  ///   words that would win over those of the hand-over.
  package init(
    _ request: KexecRequest, _ rules: CommandLineRules
  ) throws(KexecError) {
    var line = request.chosenLine(in: nil) ?? KernelCommandLine("")
    try line.checkLeavesHandover(of: request, rules)
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

extension KexecRequest {
  /// The command line in a tree for the next kernel; nil for none.
  func line(in tree: DeviceTree) -> KernelCommandLine? {
    var line = chosenLine(in: tree)
    if let crash, architecture.namesCoreHeaderOnCommandLine {
      line = line ?? KernelCommandLine("")
      line?.prepend("elfcorehdr=\(hex(crash.coreHeader.start))")
    }
    return line
  }

  /// The requested command line; the tree's own is read up to the first NUL, as its kernel reads it.
  fileprivate func chosenLine(in tree: DeviceTree?) -> KernelCommandLine? {
    switch commandLine {
    case .omitted: return nil
    case .given(let line): return line
    case .ofTree(let words):
      let own = try? tree?.property(ChosenProperty.commandLine, of: ChosenProperty.node)
      guard own != nil || !words.isEmpty else { return nil }
      let bytes = Array(own?.bytes.prefix { $0 != 0 } ?? [])
      var line = KernelCommandLine(reusing: bytes, for: purpose)
      line.append(words)
      return line
    }
  }

  /// The words of the hand-over, in the kernel's order.
  fileprivate func words(
    _ rules: CommandLineRules
  ) -> [(text: String, reason: String, rule: Rule)] {
    let memory = (crash?.usableMemory ?? []).enumerated().map { number, range in
      (
        text: "mem=\(hex(range.size))@\(hex(range.start))",
        reason: number == 0 ? "all memory that the crash kernel may use" : "and its low memory",
        rule: rules.memoryRule
      )
    }
    let header = crash.map {
      (
        text: "elfcorehdr=\(hex($0.coreHeader.size))@\(hex($0.coreHeader.start))",
        reason: KexecInput.coreHeader.reason, rule: rules.coreHeaderRule
      )
    }
    let initrd = initrd.map {
      (
        text: "initrd=\(hex($0.start)),\(hex($0.size))", reason: KexecInput.initrd.reason,
        rule: rules.initrdRule
      )
    }
    return [(rules.marker, rules.markerReason.text, rules.markerReason.rule)] + memory
      + [header, initrd].compactMap { $0 }
  }
}

extension KernelCommandLine {
  /// Refuses words that are read after those of the hand-over, and so win over them.
  fileprivate func checkLeavesHandover(
    of request: KexecRequest, _ rules: CommandLineRules
  ) throws(KexecError) {
    var names = [
      ("initrd", rules.initrdRule), ("initrdmem", rules.initrdRule),
      ("elfcorehdr", rules.coreHeaderRule),
    ]
    if request.purpose == .crash { names.append(("mem", rules.memoryRule)) }
    for (name, rule) in names where kernelWords.contains(where: { $0.value(of: name) != nil }) {
      throw KexecError(
        .usage, "the command line has \(name)=, which would win over what is loaded",
        about: .commandLine, rule: rule)
    }
  }
}
