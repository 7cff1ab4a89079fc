// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules

/// Reads a finished blob as the next kernel will, and compares what it says with what was requested.
///
/// Nothing here knows how the blob was made: it is opened anew, from its bytes.
struct Acceptance {
  private let request: KexecRequest
  private let requested: RequestedTree

  /// - Parameters:
  ///   - commandLine: nil for none.
  ///   - base: the tree as it came.
  ///   - edited: the tree with the caller's edits and the architecture's fixups, before the hand-over.
  ///   - reservations: those that were there and stay, and those of the architecture.
  init(
    _ request: KexecRequest, _ commandLine: KernelCommandLine?, base: DeviceTree,
    edited: DeviceTree,
    reservations: [AddressAndSize]
  ) {
    self.request = request
    let buffers = request.buffers
    let places =
      request.reservations + [request.initrd, request.crash?.coreHeader].compactMap { $0 }
      + buffers.filter(\.input.isReserved).map(\.range)
    requested = RequestedTree(
      commandLine: commandLine?.bytes, initrd: request.initrd, crash: request.crash,
      buffers: buffers, seeds: request.seeds,
      reservations: Set(reservations + places.map(AddressAndSize.init)),
      written: request.written, base: base, edited: edited)
  }

  /// What is wrong with the blob; nothing when the next kernel may have it.
  func findings(in blob: [UInt8]) -> [Finding] {
    requested.findings(in: blob, for: request.purpose, request.architecture, on: request.machine)
  }
}
