// SPDX-License-Identifier: Apache-2.0

public import KexecFacts

/// A kernel command line on its way to the next kernel, and what was taken out of it.
///
/// Bytes, not text: a kernel passes on whatever its boot loader gave it.
public struct KernelCommandLine: Hashable, Sendable {
  /// The bytes, without a NUL at their end.
  public private(set) var bytes: [UInt8]
  /// What was removed, listed with the changes of the tree.
  public private(set) var changes: [Change] = []

  /// A command line written for the next kernel: left as it is.
  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// A command line in its own bytes: left as it is.
  package init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  /// A running kernel's command line, used again without the words that the last hand-over put in.
  ///
  /// A crash kernel does not get the words either by which the running one set memory apart for it:
  /// `crashkernel=` would take it from what little there is.
  ///
  /// `elfcorehdr=` is written by riscv and powerpc kernels in front of a crash kernel's command line
  /// (`arch/riscv/kernel/machine_kexec_file.c:load_extra_segments`); to an ordinary kernel it says
  /// that it is a crash kernel (`kernel/elfcorehdr.c:setup_elfcorehdr`).
  ///
  /// - Parameters:
  ///   - bytes: the running kernel's command line.
  ///   - purpose: of the next kernel.
  ///   - architecture: of the kernels. Where a command line says what elsewhere a tree does, all that
  ///     the last hand-over put there is removed.
  public init(
    reusing bytes: [UInt8], for purpose: Purpose = .kexec, on architecture: Architecture? = nil
  ) {
    self.bytes = bytes
    let rules = architecture?.commandLineRules
    let words = Self.words(of: bytes)
    let count = Self.kernelWords(words).count
    let stale = StaleWords(Self.kernelWords(words), for: purpose, rules)
    let found = words[..<count].map {
      (bytes: $0, why: stale.reason(for: CommandLineWord(bytes: $0)))
    }
    guard found.contains(where: { $0.why != nil }) else { return }
    let rest = found.filter { $0.why == nil }.map(\.bytes) + words[count...]
    self.bytes = Array(rest.joined(separator: [UInt8(ascii: " ")]))
    let subject =
      rules == nil
      ? Change.Subject.property(ChosenProperty.commandLine, node: ChosenProperty.node)
      : .commandLine
    changes = found.compactMap { word, why in
      why.map { reason, rule in
        Change(
          .removed, subject, from: .text(String(decoding: word, as: UTF8.self)), reason: reason,
          rule: rule)
      }
    }
  }

  /// The words that the kernel reads.
  package var kernelWords: [CommandLineWord] { Self.kernelWords(Self.words(of: bytes)) }

  /// Whether the kernel reads this word, which has no value.
  package func has(_ word: String) -> Bool { kernelWords.contains { $0.isWord(word) } }

  /// Whether a word that the kernel reads says where a core header is.
  package var namesCoreHeader: Bool {
    kernelWords.contains { $0.value(of: "elfcorehdr") != nil }
  }

  /// Adds words at the front, as a kernel does to pass on the address of the core header.
  package mutating func prepend(_ words: String) {
    bytes = Array(words.utf8) + (bytes.isEmpty ? [] : [UInt8(ascii: " ")]) + bytes
  }

  /// Adds words at the end.
  public mutating func append(_ words: String) {
    guard !words.isEmpty else { return }
    if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
    bytes += words.utf8
  }

  /// What follows "--" is init's (`kernel/params.c:parse_args`).
  private static func kernelWords(_ words: [ArraySlice<UInt8>]) -> [CommandLineWord] {
    words.prefix { !$0.elementsEqual("--".utf8) }.map(CommandLineWord.init)
  }

  /// Words between blanks; quotes keep blanks together, as in `lib/cmdline.c:next_arg`.
  private static func words(of bytes: [UInt8]) -> [ArraySlice<UInt8>] {
    var isQuoted = false
    return bytes.split { byte in
      if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
      return !isQuoted && (byte == 0x20 || 0x09...0x0d ~= byte)
    }
  }
}
