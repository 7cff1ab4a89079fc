// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import ELF
import KexecCheck
package import KexecFacts
import KexecMerge
package import KexecRules
import KexecTree

// Failures of whole plans.
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

  /// An address that the kernel cannot lie at.
  package static func addressTooHigh(_ address: UInt64, _ limit: Architecture.Limit) -> Self {
    .init(
      .malformedInput, "the kernel is linked for \(hex(address)), above \(hex(limit.value))",
      about: .kernel, rule: limit.rule)
  }
}
