// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The code at the entry of a plan, where the running kernel does not set the next one's registers.
struct Trampoline: Sendable {
  /// What it does its work with.
  struct Start: Sendable {
    /// The address of the kernel's first instruction.
    var kernel: UInt64
    /// The address of the tree.
    var tree: UInt64
    /// Whether the kernel waits for a crash.
    var isForCrash = false
    /// Where the first 64 KiB are copied to; 0 for nowhere: ppc64.
    var backup: UInt64 = 0
    /// Where the firmware is, and where it is called; zeros without: ppc64.
    var firmware: (base: UInt64, entry: UInt64) = (0, 0)
    /// The first bytes of the kernel: ppc64.
    var head: ArraySlice<UInt8> = []
    /// The byte order of the kernel: ppc64.
    var kernelOrder = ByteOrder.little
  }

  /// Bytes of code and addresses.
  let size: Int
  /// The offset of the kernel's address.
  let literals: Int
  /// Makes the code, for a kernel of this byte order to jump to.
  let bytes: @Sendable (Start, ByteOrder) -> [UInt8]
  /// Who jumps to it.
  let rule: Rule
}
