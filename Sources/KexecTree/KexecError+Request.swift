// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KexecCheck
package import KexecFacts
import KexecMerge
package import KexecRules
package import PhysicalMemory

// Failures of requests.
extension KexecError {
  // MARK: The command line

  /// The command line, of so many bytes, does not fit the kernel's buffer with its NUL.
  package static func commandLineTooLong(size: Int, _ architecture: Architecture) -> Self {
    let limit = architecture.commandLineLimit
    return .init(
      .usage,
      """
      the command line has \(size) bytes; a kernel for \(architecture) keeps \
      \((limit?.value ?? 1) - 1) and silently cuts the rest
      """, about: .commandLine, rule: limit?.rule)
  }

  /// The command line has a NUL byte, which would end it.
  package static let commandLineHasNUL = KexecError(
    .usage, "the command line has a NUL byte; the kernel would end it there", about: .commandLine)

  /// A command line for a crash kernel says itself where the core header is.
  package static let coreHeaderOnCommandLine = KexecError(
    .usage, "the command line has elfcorehdr=, which would win over the tree", about: .commandLine,
    rule: .linux("kernel/elfcorehdr.c", "setup_elfcorehdr"))

  /// A command line has a word that would win over what the hand-over says there.
  package static func handoverOnCommandLine(word: String, _ rule: Rule) -> Self {
    .init(
      .usage, "the command line has \(word), which would win over what is loaded",
      about: .commandLine, rule: rule)
  }

  /// A seed of another size than readers accept.
  package static func seedSize(property: String, size: Int, expected: Int) -> Self {
    .init(
      .usage,
      "/chosen: property '\(property)': \(size) bytes; the kernel reads exactly \(expected)",
      about: .kaslrSeed)
  }

  // MARK: The initrd

  /// An initrd at address 0 means "none" to the kernel.
  package static let initrdAtZero = KexecError(
    .usage, "an initrd at address 0 means no initrd to the kernel", about: .handedOver(.initrd),
    rule: .linux("drivers/of/kexec.c", "of_kexec_alloc_and_setup_fdt"))

  /// The initrd ends beyond the addresses that the kernel keeps for it.
  package static func initrdTooHigh(_ range: PhysicalRange, _ architecture: Architecture) -> Self {
    let limit = architecture.initrdLimit
    return .init(
      .usage,
      """
      the initrd at \(range) ends beyond what a kernel for \(architecture) can say of it: \
      \(hex(limit?.value ?? 0))
      """, about: .handedOver(.initrd), rule: limit?.rule)
  }

  /// The initrd shares memory with a reservation that the caller requests.
  package static func initrdReserved(_ range: PhysicalRange, by reservation: PhysicalRange) -> Self
  {
    .init(
      .usage,
      """
      the initrd at \(range) overlaps the requested reservation at \(reservation); its own is made \
      in any case
      """, about: .handedOver(.initrd))
  }

  /// The initrd is not all in memory that the machine has.
  package static func notInSystemRAM(_ range: PhysicalRange) -> Self {
    .init(
      .usage, "the initrd at \(range) is not all in System RAM of /proc/iomem",
      about: .handedOver(.initrd))
  }

  /// The initrd is in memory that the tree keeps for something else.
  package static func initrdNotFree(_ range: PhysicalRange, keeper: String, memory: PhysicalRange)
    -> Self
  {
    .init(
      .usage, "the initrd at \(range) is in memory that is kept: \(memory), \(keeper)",
      about: .handedOver(.initrd))
  }

  /// An initrd without a byte: kernels refuse to load it.
  package static let emptyInitrd = KexecError(
    .malformedInput, "an initrd without a byte", about: .handedOver(.initrd),
    rule: .linux("fs/kernel_read_file.c", "kernel_read_file"))

  // MARK: Everything else that is handed over

  /// Something cannot be handed over at this place.
  package static func badPart(_ part: KexecInput, reason: String, _ rule: Rule) -> Self {
    .init(.usage, "the \(part): \(reason)", about: .handedOver(part), rule: rule)
  }

  /// The bytes of something that is handed over are not what they should be.
  package static func badContent(of part: KexecInput, reason: String, _ rule: Rule) -> Self {
    .init(.malformedInput, "the \(part): \(reason)", about: .handedOver(part), rule: rule)
  }

  /// The finished tree, core header or plan does not pass the rules by which kernels read it.
  package static func notAccepted(_ findings: [Finding]) -> Self {
    .init(
      .malformedInput, findings.map(\.description).joined(separator: "; "), about: .result,
      cause: .findings(findings))
  }
}
