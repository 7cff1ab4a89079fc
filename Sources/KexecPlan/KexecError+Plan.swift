// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import ELF
package import KexecFacts
package import KexecRules
import PhysicalMemory

// Failures of whole plans, and of core headers.
extension KexecError {
  /// Something has no place in memory.
  package static func noRoom(_ room: NoRoom) -> Self {
    .init(.notOffered, "\(room)", cause: .noRoom(room))
  }

  /// The kernel is for another architecture than the machine's.
  package static func otherKernel(_ machine: Machine, _ architecture: Architecture) -> Self {
    .init(
      .malformedInput, "a kernel for \(machine) on a machine of \(architecture)", about: .kernel)
  }

  /// Two sources of the same fact disagree.
  package static func contradiction(_ fact: String, _ sources: [Evidence]) -> Self {
    .init(
      .malformedInput,
      "\(fact): " + sources.map { "\($0.source) says \($0.value)" }.joined(separator: ", "),
      about: .machine, advice: .giveKernelLayout)
  }

  /// A core header with more program headers than the format can count.
  package static func tooManySegments(count: Int, limit: Int) -> Self {
    .init(
      .malformedInput,
      "\(count) program headers for notes and ranges of memory; a header counts \(limit) at most",
      about: .machine, advice: .joinNeighbours)
  }
}
