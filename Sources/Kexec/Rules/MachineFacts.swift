// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import DeviceTree
public import PhysicalMemory

/// What is known about the machine that the tree was taken from; all of it optional.
public struct MachineFacts: Hashable, Sendable {
  /// Bytes in a page of the running kernel, 4096, 16384 or 65536 (anything else counts as unknown): the
  /// initrd it got may be reserved in whole pages.
  public var pageSize: UInt64?
  /// `System RAM` in `/proc/iomem`; nil when that is not known.
  public var systemRAM: [PhysicalRange]?
  /// `reserved` inside it: where the running kernel keeps its tree, among other things.
  public var reserved: [PhysicalRange]

  /// The memory set apart for crash kernels, the main region first; empty when that is not known.
  public var crashRegions: [PhysicalRange]

  /// Where the running kernel is; nil when that is not known.
  public var kernelImage: PhysicalRange?
  /// The byte order of the running kernel.
  public var byteOrder = ByteOrder.little
  /// The running kernel's own tree, `/proc/device-tree`, with everything in it; nil when that is not
  /// known. Needed for powerpc, where memory and CPUs come and go.
  public var liveTree: DeviceTree?
  /// How the running kernel translates addresses; nil when that is not known. powerpc has both ways.
  public var pageTables: PageTables?

  /// How a powerpc kernel translates addresses: the line `MMU` of `/proc/cpuinfo`
  /// (`arch/powerpc/kernel/setup-common.c:show_cpuinfo_summary`).
  public enum PageTables: String, Hashable, Sendable {
    /// A hash table: under a hypervisor, a kernel starts in the first piece of its memory.
    case hash = "Hash"
    /// A tree of tables.
    case radix = "Radix"
  }

  /// Facts; without arguments, none, as for the tree of a board that is not there.
  public init(
    pageSize: UInt64? = nil, systemRAM: [PhysicalRange]? = nil, reserved: [PhysicalRange] = [],
    crashRegions: [PhysicalRange] = [], kernelImage: PhysicalRange? = nil
  ) {
    self.pageSize = pageSize
    self.systemRAM = systemRAM
    self.reserved = reserved
    self.crashRegions = crashRegions
    self.kernelImage = kernelImage
  }

  /// Bytes in a page, or in the largest that it may have: what is right for that is right for all.
  var largestPageSize: UInt64 { possiblePageSizes[possiblePageSizes.count - 1] }

  /// The sizes in bytes that a page may have: of another size, there is no kernel.
  var possiblePageSizes: [UInt64] {
    let all: [UInt64] = [4096, 16384, 65536]
    return pageSize.flatMap { all.contains($0) ? [$0] : nil } ?? all
  }
}

extension MachineFacts {
  /// Half of the RAM that is neither reserved nor a crash kernel's, in bytes: what a kernel takes up to.
  var halfOfMemory: UInt64? {
    guard let ram = systemRAM else { return nil }
    return PhysicalRangeSet(ram).subtracting(PhysicalRangeSet(reserved + crashRegions)).size / 2
  }
}
