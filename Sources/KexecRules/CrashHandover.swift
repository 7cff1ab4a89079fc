// SPDX-License-Identifier: Apache-2.0

import KexecFacts
package import PhysicalMemory

/// What only a crash kernel gets.
package struct CrashHandover: Hashable, Sendable {
  /// The place of the core header (elfcorehdr).
  package let coreHeader: PhysicalRange
  /// The memory that the crash kernel may use: the main crash region, then the low one.
  package let usableMemory: [PhysicalRange]
  /// Where the memory that the crash kernel itself runs in is copied to before it does; nil but for ppc64.
  package let backup: UInt64?

  package init(coreHeader: PhysicalRange, usableMemory: [PhysicalRange], backup: UInt64?) {
    (self.coreHeader, self.usableMemory, self.backup) = (coreHeader, usableMemory, backup)
  }

  /// The most ranges that are read; more are ignored.
  package static let mostUsableRanges = 2
}
