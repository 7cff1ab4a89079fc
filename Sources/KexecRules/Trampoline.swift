// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat
package import KexecFacts

/// The code at the entry of a plan, where the running kernel does not set the next one's registers.
package struct Trampoline: Sendable {
  /// What it does its work with.
  package struct Start: Sendable {
    /// The address of the kernel's first instruction.
    package var kernel: UInt64
    /// The address of the tree.
    package var tree: UInt64
    /// Whether the kernel waits for a crash.
    package var isForCrash = false
    /// Where the first 64 KiB are copied to; 0 for nowhere: ppc64.
    package var backup: UInt64 = 0
    /// Where the firmware is, and where it is called; zeros without: ppc64.
    package var firmware: (base: UInt64, entry: UInt64) = (0, 0)
    /// The first bytes of the kernel: ppc64.
    package var head: ArraySlice<UInt8> = []
    /// The byte order of the kernel: ppc64.
    package var kernelOrder = ByteOrder.little

    package init(kernel: UInt64, tree: UInt64) { (self.kernel, self.tree) = (kernel, tree) }
  }

  /// Bytes of code and addresses.
  package let size: Int
  /// The offset of the kernel's address.
  package let literals: Int
  /// Makes the code, for a kernel of this byte order to jump to.
  package let bytes: @Sendable (Start, ByteOrder) -> [UInt8]
  /// Who jumps to it.
  package let rule: Rule
}
