// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules

extension KernelRule {
  /// The list: every rule by which a finished tree, or a plan, is judged.
  static let all: [KernelRule] = subjects.flatMap(\.rules)

  /// The same by subject, in the order in which findings are shown.
  static let subjects: [(name: String, rules: [KernelRule])] = [
    ("The blob and its root", blob), ("/chosen", chosen), ("UEFI and ACPI", firmwareTables),
    ("Segments", segments), ("Kernel and entry", kernel), ("Memory", memory),
    ("The memory of powerpc", powerPC), ("The initrd", initrd),
    ("The core header (elfcorehdr)", coreHeader), ("The memory of a crash kernel", crashMemory),
    ("The command line", commandLine),
    ("A command line in place of a tree (LoongArch)", commandLineSegment),
    ("Leftovers of an earlier kexec", leftovers),
    ("IMA buffer, KHO, keys and extra segments", buffers),
    ("What was requested", requested),
  ]

  /// What breaks any of the rules.
  static func findings(in reading: Reading) -> [Finding] {
    all.flatMap { $0.findings(in: reading) }
  }
}
