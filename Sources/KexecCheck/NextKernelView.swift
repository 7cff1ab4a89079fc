// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import DeviceTree
public import KexecFacts
public import KexecRules
public import PhysicalMemory

/// What a kernel reads from a tree, or from a command line in its place, in its early code
/// (`drivers/of/fdt.c:early_init_dt_scan`).
public struct NextKernelView: Hashable, Sendable {
  /// The RAM that it will use; nil where UEFI's own memory map decides.
  public let memory: PhysicalRangeSet?
  /// The memory that it does not use.
  public let reserved: PhysicalRangeSet
  /// Where it looks for its initrd.
  public let initrd: PhysicalRange?
  /// Where a crash kernel looks for the core header; nil for a kernel that will have no /proc/vmcore.
  public let coreHeader: PhysicalRange?
  /// IMA's buffer, which it frees once it has read the measurements.
  public let measurements: PhysicalRange?
  /// What KHO hands over; nil unless both properties exist.
  public let kho: KHO?
  /// Its command line, up to the first NUL; nil for the one it was built with.
  public let commandLine: [UInt8]?
  /// Bytes of the seed for KASLR; nil without one, 0 for one that is all zeros: no KASLR.
  public let kaslrSeedSize: Int?
  /// Bytes of the seed of its random number generator.
  public let rngSeedSize: Int?
  /// What KHO hands over.
  public struct KHO: Hashable, Sendable {
    /// The tree of what is preserved.
    public let tree: PhysicalRange
    /// The list of scratch areas, 16 bytes each.
    public let scratch: PhysicalRange
  }

  /// Whether it has a tree, which may have seeds.
  private let isOfTree: Bool

  /// Reads a tree.
  ///
  /// - Parameters:
  ///   - tree: the blob that it is started with.
  ///   - architecture: of the kernel; without it, what the tree describes.
  /// - Throws: `KexecError.tree(_:)` for a tree without legal root cells.
  public init(of tree: DeviceTree, for architecture: Architecture? = nil) throws(KexecError) {
    self.init(
      try KexecError.aboutTree { () throws(DeviceTreeError) in
        try ReadTree(tree, for: architecture)
      })
  }

  init(_ tree: ReadTree) {
    memory = tree.memory?.usable
    reserved = tree.reserved
    initrd = tree.initrd
    coreHeader = tree.coreHeader
    measurements = tree.imaBuffer
    kho = tree.place(ChosenProperty.khoTree).flatMap { fdt in
      tree.place(ChosenProperty.khoScratch).map { KHO(tree: fdt, scratch: $0) }
    }
    commandLine = tree.commandLine
    kaslrSeedSize = tree[ChosenProperty.kaslrSeed].map { seed in
      seed.bytes.allSatisfy { $0 == 0 } ? 0 : seed.bytes.count
    }
    rngSeedSize = tree[ChosenProperty.rngSeed]?.bytes.count
    isOfTree = true
  }

  /// Reads a command line in place of a tree; the last of two words counts, but `mem=` adds up
  /// (`arch/loongarch/kernel/setup.c:early_parse_mem`).
  init(ofCommandLine bytes: [UInt8]) {
    let line = Array(bytes.prefix { $0 != 0 })
    let words = KernelCommandLine(bytes: line).kernelWords
    let caps = words.compactMap { $0.value(of: "mem").flatMap(CommandLineWord.sizeAndStart) }
    memory = caps.isEmpty ? nil : PhysicalRangeSet(caps)
    initrd = words.compactMap { $0.value(of: "initrd") }.last.flatMap(CommandLineWord.startAndSize)
    coreHeader = words.compactMap { $0.value(of: "elfcorehdr") }.last.flatMap(
      CommandLineWord.sizeAndStart)
    reserved = PhysicalRangeSet([initrd, coreHeader].compactMap { $0 })
    (measurements, kho, commandLine) = (nil, nil, line)
    (kaslrSeedSize, rngSeedSize, isOfTree) = (nil, nil, false)
  }

  /// A line for each property.
  public var lines: [String] {
    func list(_ ranges: [PhysicalRange]) -> String {
      let shown = ranges.prefix(8).map(\.description).joined(separator: ", ")
      return ranges.count > 8 ? "\(shown) and \(ranges.count - 8) more" : shown
    }
    let ram = memory.map { $0.isEmpty ? "none" : list($0.ranges) } ?? "by UEFI's memory map"
    let seed =
      switch kaslrSeedSize {
      case nil, 0: "none: the kernel stays at its link address"
      case let size?: "\(size) bytes"
      }
    return [
      "memory: \(ram)", "reserved: \(reserved.isEmpty ? "none" : list(reserved.ranges))",
      "initrd: \(initrd.map(\.description) ?? "none")",
      "elfcorehdr: \(coreHeader.map { "\($0)" } ?? "none, so no /proc/vmcore")",
      "command line: "
        + (commandLine.map { "\"\(String(decoding: $0, as: UTF8.self))\"" } ?? "its own"),
    ]
      + [
        measurements.map { "measurements: \($0), freed when they are read" },
        kho.map { "KHO: the tree at \($0.tree), \($0.scratch.size / 16) scratch areas" },
      ].compactMap { $0 }
      + (isOfTree
        ? ["kaslr-seed: \(seed)", "rng-seed: \(rngSeedSize.map { "\($0) bytes" } ?? "none")"] : [])
  }
}
