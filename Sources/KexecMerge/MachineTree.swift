// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import KexecFacts
import KexecRules

/// The tree that a running machine was booted with, as a source of what only this machine has.
public struct MachineTree: Hashable, Sendable {
  /// The tree.
  public let tree: DeviceTree
  /// What messages call it: `/sys/firmware/fdt`.
  public let name: String
  /// What is known of the machine: by its page size and its reserved memory are found the reservations
  /// that the last hand-over made.
  public let facts: MachineSnapshot

  /// A machine's tree; without facts fewer reservations are known to be stale.
  public init(_ tree: DeviceTree, name: String, facts: MachineSnapshot = MachineSnapshot()) {
    self.tree = tree
    self.name = name
    self.facts = facts
  }
}
