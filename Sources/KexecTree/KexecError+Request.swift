// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import KexecFacts
package import KexecRules
package import PhysicalMemory

// Failures of requests.
extension KexecError {
  /// The command line does not fit the kernel's buffer with its NUL.
  ///
  /// - Parameter size: bytes of the command line.
  package static func commandLineTooLong(size: Int, _ architecture: Architecture) -> Self {
    let limit = architecture.commandLineLimit
    return .init(
      .usage,
      """
      the command line has \(size) bytes; a kernel for \(architecture) keeps \
      \((limit?.value ?? 1) - 1) and silently cuts the rest
      """, about: .commandLine, rule: limit?.rule)
  }

  // MARK: Inputs

  /// An empty initrd: kernels refuse to load it.
  package static let emptyInitrd = badInput(
    .initrd, "is empty", .linux("fs/kernel_read_file.c", "kernel_read_file"), .malformedInput)

  /// An input cannot be handed over at this place; that of secrets is not shown.
  ///
  /// - Parameter rule: nil for the reader of the input.
  package static func badPlace(
    _ input: KexecInput, _ range: PhysicalRange, _ reason: String, _ rule: Rule? = nil
  ) -> Self {
    badInput(
      input, "\(input.isSecret ? "its memory" : "\(range)") \(reason)", rule ?? input.reader)
  }

  /// An input cannot be handed over.
  ///
  /// - Parameter kind: `malformedInput` where its bytes are at fault.
  package static func badInput(
    _ input: KexecInput, _ reason: String, _ rule: Rule, _ kind: Kind = .usage
  ) -> Self {
    .init(kind, "the \(input): \(reason)", about: .handedOver(input), rule: rule)
  }

  // MARK: Edits

  /// An edit that would be lost: the hand-over writes this property of `/chosen`.
  package static func editUndone(property: String) -> Self {
    .init(
      .usage,
      "/chosen: property '\(property)': the hand-over writes it, so the edit would be lost",
      about: .chosenProperty(property))
  }

  /// An old `linux,initrd-start` without `linux,initrd-end`, or one that is neither 4 nor 8 bytes.
  package static func badInitrd(property: String) -> Self {
    .init(
      .malformedInput,
      """
      /chosen: property '\(property)': an old initrd needs linux,initrd-start and -end, 4 or 8 bytes \
      each
      """, about: .tree, advice: .deleteOldInitrd)
  }

  // MARK: Crash kernels

  /// A fact that a core header needs is not known.
  package static func missing(_ fact: CrashFact) -> Self {
    switch fact {
    case .vmcoreinfo:
      .init(
        .notOffered, "no vmcoreinfo note: a crash dump without it is useless", about: .machine,
        rule: .linux("fs/proc/vmcore.c", "merge_note_headers_elf64"))
    case .cpuNotes:
      .init(
        .notOffered, "no register notes of any CPU", about: .machine,
        rule: .linux("drivers/base/cpu.c", "crash_notes_show"))
    case .memory: .init(.notOffered, "no RAM is known", about: .machine)
    case .backup:
      .init(
        .usage, "the address of the backup, a copy of the first 64 KiB, is not known",
        rule: .linux("arch/powerpc/kexec/crash.c", "sync_backup_region_phdr"), advice: .giveBackup)
    }
  }

  /// No memory is set apart for a crash kernel.
  package static let noCrashRegion = KexecError(
    .notOffered, "no memory is set apart for a crash kernel")

  /// The backup, a copy of the first memory, cannot be there.
  package static func badBackup(_ address: UInt64, _ reason: String) -> Self {
    .init(.usage, "the backup at \(hex(address)): \(reason)", about: .backup)
  }

  // MARK: The result

  /// The finished tree, core header or plan does not pass the rules by which kernels read it.
  package static func notAccepted(_ findings: [Finding]) -> Self {
    .init(
      .malformedInput, findings.map(\.description).joined(separator: "; "), about: .result,
      cause: .findings(findings))
  }
}
