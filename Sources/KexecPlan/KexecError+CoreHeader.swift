// SPDX-License-Identifier: Apache-2.0

import KexecCheck
package import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
package import PhysicalMemory

// Failures of core headers.
extension KexecError {
  /// A note of a size that no kernel gives it.
  package static func badNote(_ fact: CrashFact, _ range: PhysicalRange) -> Self {
    let name = fact == .vmcoreinfo ? "the vmcoreinfo note" : "register notes"
    return .init(
      .malformedInput, "\(name) at \(range): \(range.size) bytes, which no kernel sets aside",
      about: .machine,
      rule: .linux("include/linux/vmcore_info.h", "VMCOREINFO_NOTE_SIZE, note_buf_t"))
  }

  /// Two ranges of RAM share memory.
  package static func overlappingMemory(_ one: PhysicalRange, _ other: PhysicalRange) -> Self {
    .init(
      .malformedInput, "RAM \(one) and \(other) overlap: a dump would have them twice",
      about: .machine)
  }

  /// Two ways to the same fact lead to different values.
  package static func contradiction(_ fact: String, _ ways: [Evidence]) -> Self {
    .init(
      .malformedInput,
      "\(fact): " + ways.map { "\($0.source) says \($0.value)" }.joined(separator: ", "),
      about: .machine, advice: .giveKernelLayout)
  }

  /// A core header with so many program headers cannot be counted.
  package static func tooManySegments(count: Int, limit: Int) -> Self {
    .init(
      .malformedInput,
      "\(count) program headers for notes and ranges of memory; a header counts \(limit) at most",
      about: .machine, advice: .joinNeighbours)
  }
}
