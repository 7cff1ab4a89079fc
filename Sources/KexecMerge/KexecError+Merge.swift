// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts
import KexecRules

// Failures of merges, and of what the last hand-over left.
extension KexecError {
  /// There are so many reservations, or properties in `/chosen`, that editing them, each edit moving the
  /// rest, would take minutes.
  package static func tooMany(place: String, count: Int, limit: Int) -> Self {
    .init(
      .malformedInput,
      "\(place): \(count) entries are more than any machine has; at most \(limit) are edited",
      about: .tree)
  }

  /// A board's tree and the machine's, which are to be merged, contradict each other.
  package static func conflict(_ conflict: MergeConflict) -> Self {
    .init(
      .malformedInput, "\(conflict)", about: .tree, advice: .text(conflict.advice),
      cause: .conflict(conflict))
  }

  /// The tree of a machine, of this name, cannot be read as needed.
  package static func machineTree(_ name: String, _ error: DeviceTreeError) -> Self {
    .init(.malformedInput, "\(name): \(error)", cause: .tree(error))
  }

  /// The tree of a machine, of this name, has what cannot be merged with a board's.
  package static func notMerged(_ name: String, reason: String) -> Self {
    .init(.notOffered, "\(name): \(reason)")
  }
}
