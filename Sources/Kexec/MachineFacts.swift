// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// What is known about the machine that the tree was taken from; all of it optional.
public struct MachineFacts: Hashable, Sendable {
  /// Bytes in a page of the running kernel, a power of two (anything else counts as unknown): the
  /// initrd it got may be reserved in whole pages.
  public var pageSize: UInt64?
  /// `System RAM` in `/proc/iomem`; nil when that is not known.
  public var systemRAM: [PhysicalRange]?
  /// `reserved` inside it: where the running kernel keeps its tree, among other things.
  public var reserved: [PhysicalRange]

  /// The memory set apart for crash kernels, the main region first; empty when that is not known.
  public var crashRegions: [PhysicalRange]

  /// Facts; without arguments, none, as for the tree of a board that is not there.
  public init(
    pageSize: UInt64? = nil, systemRAM: [PhysicalRange]? = nil, reserved: [PhysicalRange] = [],
    crashRegions: [PhysicalRange] = []
  ) {
    self.pageSize = pageSize
    self.systemRAM = systemRAM
    self.reserved = reserved
    self.crashRegions = crashRegions
  }

  /// The sizes in bytes that a page may have.
  var possiblePageSizes: [UInt64] {
    guard let pageSize, pageSize.nonzeroBitCount == 1 else { return [4096, 16384, 65536] }
    return [pageSize]
  }
}
