// SPDX-License-Identifier: Apache-2.0

import DeviceTree

/// Reads a finished blob as the next kernel will, and compares what it says with what was requested.
///
/// Nothing here knows how the blob was made: it is opened anew, from its bytes.
struct Acceptance {
  private let architecture: Architecture
  private let requested: RequestedTree

  /// - Parameters:
  ///   - commandLine: nil for none.
  ///   - base: the tree as it came.
  ///   - edited: the tree with the caller's edits and the architecture's fixups, before the hand-over.
  ///   - reservations: those that were there and stay, and those of the architecture.
  init(
    _ architecture: Architecture, _ handover: Handover, _ commandLine: KernelCommandLine?,
    base: DeviceTree, edited: DeviceTree, reservations: [AddressAndSize]
  ) {
    self.architecture = architecture
    let buffers = handover.buffers
    let places =
      handover.reservations + [handover.initrd, handover.crash?.coreHeader].compactMap { $0 }
      + buffers.filter(\.input.isReserved).map(\.range)
    requested = RequestedTree(
      commandLine: commandLine?.bytes, initrd: handover.initrd, crash: handover.crash,
      buffers: buffers, seeds: handover.seeds,
      reservations: Set(reservations + places.map(AddressAndSize.init)),
      written: handover.written, base: base, edited: edited)
  }

  /// What is wrong with the blob; nothing when the next kernel may have it.
  func findings(in blob: [UInt8], on machine: MachineSnapshot = MachineSnapshot()) -> [Finding] {
    KernelRule.findings(in: reading(of: blob, on: machine))
  }

  func reading(of blob: [UInt8], on machine: MachineSnapshot) -> Reading {
    Reading(
      tree: blob, for: requested.crash == nil ? .kexec : .crash, architecture, on: machine,
      requesting: requested)
  }
}
