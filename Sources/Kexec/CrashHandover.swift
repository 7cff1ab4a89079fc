// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// What a crash kernel is to be told besides.
public struct CrashHandover: Hashable, Sendable {
  /// Where a loader puts the core header: within the main crash region, and 64 KiB aligned to be right
  /// for every page size.
  public var coreHeader: PhysicalRange
  /// The memory that the crash kernel may use: the main crash region, then the low one if there is
  /// one. The order has a meaning: the reader caps its memory, and its reservations, to the first
  /// (`drivers/of/fdt.c:early_init_dt_check_for_usable_mem_range`).
  public var usableMemory: [PhysicalRange]
  /// Where the memory that the crash kernel itself runs in is copied to before it does: ppc64, whose
  /// first 64 KiB are (``CrashFacts/backup``); nil elsewhere.
  public var backup: UInt64?

  /// A hand-over to a crash kernel.
  public init(coreHeader: PhysicalRange, usableMemory: [PhysicalRange], backup: UInt64? = nil) {
    self.coreHeader = coreHeader
    self.usableMemory = usableMemory
    self.backup = backup
  }

  /// The most ranges that are read; more are ignored.
  public static let mostUsableRanges = 2
}
