// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import CrashCore
public import ELF
public import PhysicalMemory

/// What is known about a machine whose kernel may crash.
public struct CrashFacts: Hashable, Sendable {
  /// The byte order of its kernel.
  public var byteOrder = ByteOrder.little
  /// All its RAM, in any order, neighbours apart where the kernel keeps them apart.
  public var memory: [PhysicalRange] = []
  /// RAM that is not to be dumped: the crash kernel's own, above all.
  public var excluded: [PhysicalRange] = []
  /// RAM of the firmware that is dumped wherever it lies: RTAS and OPAL of ppc64.
  public var firmware: [PhysicalRange] = []
  /// The register notes, in the order of the CPUs' numbers.
  public var cpuNotes: [PhysicalRange] = []
  /// Where the vmcoreinfo note is.
  public var vmcoreinfoNote: PhysicalRange?
  /// What the vmcoreinfo note says.
  public var vmcoreinfo: VMCoreInfo?
  /// The program headers of `/proc/kcore`.
  public var coreSegments: [ProgramHeader] = []
  /// Where `/proc/iomem` says the kernel is.
  public var kernelImage: PhysicalRange?
  /// Where the kernel is, by somebody who knows better.
  public var kernelText: CoreHeader.KernelText?
  /// The distance from a physical address to the linear map modulo 2^64, by somebody who knows better.
  public var linearMap: UInt64?
  /// Where the first memory is copied to before the crash kernel runs: ppc64.
  public var backup: UInt64?

  /// Nothing is known yet.
  public init() {}
}
