// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// What a crash kernel is given besides.
struct CrashHandover: Hashable, Sendable {
  /// Where the core header lies.
  let coreHeader: PhysicalRange
  /// The memory that the crash kernel may use: the main crash region, then the low one.
  let usableMemory: [PhysicalRange]
  /// Where the memory that the crash kernel itself runs in is copied to before it does; nil but for ppc64.
  let backup: UInt64?

  /// The most ranges that are read; more are ignored.
  static let mostUsableRanges = 2
}
