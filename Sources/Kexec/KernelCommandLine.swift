// SPDX-License-Identifier: Apache-2.0

/// A kernel command line on its way to the next kernel, and what was taken out of it.
///
/// Bytes, not text: a kernel passes on whatever its boot loader gave it.
public struct KernelCommandLine: Hashable, Sendable {
  /// The bytes, without a NUL at their end.
  public private(set) var bytes: [UInt8]
  /// What was removed, to be told with the changes of the tree.
  public private(set) var changes: [Change] = []

  /// A command line that somebody wrote for the next kernel: left as it is.
  public init(_ text: String) {
    bytes = Array(text.utf8)
  }

  /// A running kernel's command line, used again without the words that the last hand-over put in.
  ///
  /// A crash kernel does not get the words either by which the running one set memory apart for it:
  /// `crashkernel=` would take it from what little there is.
  ///
  /// `elfcorehdr=` is written by riscv and powerpc kernels in front of a crash kernel's command line
  /// (`arch/riscv/kernel/machine_kexec_file.c:load_extra_segments`); to an ordinary kernel it says
  /// that it is a crash kernel (`kernel/crash_dump.c:setup_elfcorehdr`).
  public init(reusing bytes: [UInt8], forCrash: Bool = false) {
    self.bytes = bytes
    let isStale = { word in Self.isStale(word) || forCrash && Self.isOfCrashedKernel(word) }
    let words = Self.words(of: bytes)
    // What follows "--" is init's (`kernel/params.c:parse_args`).
    let forInit = words.firstIndex { Array($0) == Array("--".utf8) } ?? words.endIndex
    let stale = words[..<forInit].filter(isStale)
    guard !stale.isEmpty else { return }
    let rest = words[..<forInit].filter { !isStale($0) } + words[forInit...]
    self.bytes = Array(rest.joined(separator: [UInt8(ascii: " ")]))
    changes = stale.map { word in
      Change(
        .removed, .property(ChosenProperty.commandLine, node: ChosenProperty.node),
        from: .text(String(decoding: word, as: UTF8.self)),
        reason: Self.isStale(word)
          ? "a word of the last crash kernel's hand-over" : "is for the kernel that may crash",
        rule: Self.isStale(word)
          ? .linux("kernel/crash_dump.c", "setup_elfcorehdr")
          : .linux("kernel/crash_reserve.c", "parse_crashkernel"))
    }
  }

  /// Whether a word that the kernel reads says where a core header is.
  var namesCoreHeader: Bool {
    Self.words(of: bytes).prefix { Array($0) != Array("--".utf8) }.contains(where: Self.isStale)
  }

  /// Adds words at the front, as a kernel does that tells the next one where its core header is.
  mutating func prepend(_ words: String) {
    bytes = Array(words.utf8) + (bytes.isEmpty ? [] : [UInt8(ascii: " ")]) + bytes
  }

  /// Adds words at the end.
  public mutating func append(_ words: String) {
    guard !words.isEmpty else { return }
    if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
    bytes += words.utf8
  }

  /// Whether a word says where a core header is; a quote in front of it is not a part of it.
  private static func isStale(_ word: ArraySlice<UInt8>) -> Bool {
    word.drop { $0 == UInt8(ascii: "\"") }.starts(with: Array("elfcorehdr=".utf8))
  }

  /// Whether a word sets memory apart for a crash kernel, or is a cap that LoongArch's hand-over put in
  /// (`mem=size@start`, `arch/loongarch/kernel/machine_kexec_file.c`).
  private static func isOfCrashedKernel(_ word: ArraySlice<UInt8>) -> Bool {
    let word = word.drop { $0 == UInt8(ascii: "\"") }
    return word.starts(with: Array("crashkernel=".utf8))
      || word.starts(with: Array("mem=".utf8)) && word.contains(UInt8(ascii: "@"))
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
