// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts
package import KexecRules
package import PhysicalMemory

/// What was requested of a tree: a finished one must say exactly this.
package struct RequestedTree {
  /// The command line, without its NUL; nil for none.
  let commandLine: [UInt8]?
  let initrd: PhysicalRange?
  let crash: CrashHandover?
  /// The memory that other properties of `/chosen` name.
  let buffers: [PlacedInput]
  let seeds: Seeds
  /// All of the reservation block.
  let reservations: Set<AddressAndSize>
  /// The properties of `/chosen` that are written or removed; others stay as they are.
  let written: [String]
  /// The tree as it came.
  let base: DeviceTree
  /// The tree with the caller's edits and the architecture's fixups.
  let edited: DeviceTree

  package init(
    commandLine: [UInt8]?, initrd: PhysicalRange?, crash: CrashHandover?, buffers: [PlacedInput],
    seeds: Seeds, reservations: Set<AddressAndSize>, written: [String], base: DeviceTree,
    edited: DeviceTree
  ) {
    (self.commandLine, self.initrd, self.crash) = (commandLine, initrd, crash)
    (self.buffers, self.seeds, self.reservations) = (buffers, seeds, reservations)
    (self.written, self.base, self.edited) = (written, base, edited)
  }

  /// What is wrong with a finished tree; nothing when the next kernel may have it.
  package func findings(
    in blob: [UInt8], for purpose: Purpose, _ architecture: Architecture,
    on machine: MachineSnapshot
  ) -> [Finding] {
    KernelRule.findings(
      in: Reading(tree: blob, for: purpose, architecture, on: machine, requesting: self))
  }
}
