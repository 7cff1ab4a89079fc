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
  /// first 64 KiB are (``MachineSnapshot/backup``); nil elsewhere.
  public var backup: UInt64?
  /// Where the keys of encrypted disks lie, to their exact size; nil for none. Only the running kernel
  /// has them: this is for those who do without its help. It takes an ``Seeds/rng``: a kernel deletes
  /// the property when it has read it, and only with a seed does it put its checksum right, without
  /// which it has no `/sys/firmware/fdt` (`drivers/of/fdt.c:of_fdt_raw_init`).
  public var diskKeys: PhysicalRange?

  /// A hand-over to a crash kernel.
  public init(coreHeader: PhysicalRange, usableMemory: [PhysicalRange], backup: UInt64? = nil) {
    self.coreHeader = coreHeader
    self.usableMemory = usableMemory
    self.backup = backup
  }

  /// The most ranges that are read; more are ignored.
  public static let mostUsableRanges = 2
}
