// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import CrashCore
public import DeviceTree
public import ELF
public import PhysicalMemory

/// What is known about a machine, all of it of one reading: of its running kernel's files, or by hand.
///
/// A property is the value that is known, nil or empty without one; with `$` before its name it is the
/// ``Fact``, which says where the value comes from or why there is none. To set a property is to give the
/// fact by hand.
public struct MachineSnapshot: Hashable, Sendable {
  /// The folder that holds the machine's `proc` and `sys`; nil for a machine that is known by hand only.
  public var root: String?
  /// What was read of it.
  public var parts: Parts = []

  // MARK: The kernel

  /// The running kernel's architecture as `uname -m` names it: of a captured machine by `/proc/kcore`, or
  /// else by the file that a capture begins with.
  @Fact public var architectureName: String? = nil
  /// The same without a look at `/proc/kcore`.
  @Fact public var statedArchitecture: String? = nil
  /// Bytes in a page of the running kernel, 4096, 16384 or 65536 (anything else counts as unknown): the
  /// initrd it got may be reserved in whole pages.
  @Fact public var pageSize: UInt64? = nil
  /// The byte order of the running kernel.
  @Fact public var byteOrder = ByteOrder.little
  /// The command line that the running kernel was booted with.
  @Fact public var commandLine: [UInt8]? = nil
  /// What IMA measured, as the running kernel serves it; nil where it measures nothing.
  @Fact public var measurements: [UInt8]? = nil

  // MARK: Memory

  /// Whether there is a `/proc/iomem`.
  public var hasMemoryMap = false
  /// `System RAM` in `/proc/iomem`; nil when that is not known. Addresses that are hidden from this process
  /// are absent, as is RAM where none is listed.
  @Fact public var systemRAM: [PhysicalRange]? = nil
  /// All RAM that a dump is to have, in any order, neighbours apart where the kernel keeps them apart.
  @Fact public var memory: [PhysicalRange] = []
  /// `reserved` inside it: where the running kernel keeps its tree, among other things.
  @Fact public var reserved: [PhysicalRange] = []
  /// The memory set apart for crash kernels, the main region first; empty when that is not known.
  @Fact public var crashRegions: [PhysicalRange] = []
  /// Memory lent to the running kernel until it crashes (`crashkernel=…,cma`).
  @Fact public var crashCMARanges: [PhysicalRange] = []
  /// Where the running kernel is, by `/proc/iomem`; nil when that is not known.
  @Fact public var kernelImage: PhysicalRange? = nil
  /// The running kernel by its own word, which powerpc has in its live tree and not in `/proc/iomem`.
  @Fact public var kernelMemory: PhysicalRange? = nil
  /// RAM of the firmware that is dumped wherever it lies: RTAS and OPAL of ppc64.
  @Fact public var firmware: [PhysicalRange] = []

  // MARK: What a crash leaves behind

  /// The register notes, in the order of the CPUs' numbers.
  @Fact public var cpuNotes: [PhysicalRange] = []
  /// How many CPUs the kernel has room for.
  @Fact public var possibleCPUCount: Int? = nil
  /// Where the vmcoreinfo note is.
  @Fact public var vmcoreinfoNote: PhysicalRange? = nil
  /// What the vmcoreinfo note says.
  @Fact public var vmcoreinfo: VMCoreInfo? = nil
  /// The program headers of `/proc/kcore`.
  @Fact public var coreSegments: [ProgramHeader] = []
  /// The architecture by `/proc/kcore`.
  @Fact public var coreMachine: Machine? = nil

  // MARK: The trees

  /// The blob that the running kernel was booted with.
  @Fact public var flatTree: DeviceTree? = nil
  /// The tree that the running kernel works with, and how it was put together.
  @Fact public var live: LiveTree? = nil
  /// Whether there is such a tree, readable or not.
  public var hasLiveTree = false
  /// How the running kernel translates addresses; nil when that is not known. powerpc has both ways.
  @Fact public var pageTables: PageTables? = nil

  // MARK: By hand only

  /// RAM that is not to be dumped: the crash kernel's own, above all.
  public var excluded: [PhysicalRange] = []
  /// Where the kernel is linked, and where it lies.
  public var kernelText: CoreHeader.KernelText?
  /// The distance from a physical address to the linear map modulo 2^64.
  public var linearMap: UInt64?
  /// Where the first memory is copied to before the crash kernel runs: ppc64.
  public var backup: UInt64?

  /// Files of a machine that are read together.
  public struct Parts: OptionSet, Hashable, Sendable {
    /// The parts as bits.
    public let rawValue: UInt16

    /// Parts by their bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Architecture and page size.
    public static let kernel = Parts(rawValue: 1 << 0)
    /// The head of `/proc/kcore`.
    public static let core = Parts(rawValue: 1 << 1)
    /// `/proc/cmdline`.
    public static let commandLine = Parts(rawValue: 1 << 2)
    /// `/proc/iomem`.
    public static let memory = Parts(rawValue: 1 << 3)
    /// Memory that is set apart for crash kernels, by `/proc/iomem` or the live tree.
    public static let crashRegions = Parts(rawValue: 1 << 4)
    /// Memory of firmware that a dump has: powerpc.
    public static let firmware = Parts(rawValue: 1 << 5)
    /// The CPUs' register notes, and how many CPUs may come.
    public static let cpuNotes = Parts(rawValue: 1 << 6)
    /// Where the vmcoreinfo note is.
    public static let vmcoreinfoNote = Parts(rawValue: 1 << 7)
    /// `/sys/firmware/fdt`, and whether there is a live tree.
    public static let flatTree = Parts(rawValue: 1 << 8)
    /// The live tree, which takes its order from the flat one.
    public static let liveTree = Parts(rawValue: 1 << 9)
    /// How powerpc translates addresses.
    public static let pageTables = Parts(rawValue: 1 << 10)
    /// What IMA measured.
    public static let measurements = Parts(rawValue: 1 << 11)
    /// Memory that is lent until a crash.
    public static let crashCMARanges = Parts(rawValue: 1 << 12)
    /// Where a powerpc kernel is.
    public static let kernelMemory = Parts(rawValue: 1 << 13)
  }

  /// How a powerpc kernel translates addresses: the line `MMU` of `/proc/cpuinfo`
  /// (`arch/powerpc/kernel/setup-common.c:show_cpuinfo_summary`).
  public enum PageTables: String, Hashable, Sendable {
    /// A hash table: under a hypervisor, a kernel starts in the first range of its memory.
    case hash = "Hash"
    /// A tree of tables.
    case radix = "Radix"
  }

  /// A machine of which this is known; without arguments nothing, as of a board that is not there.
  public init(
    pageSize: UInt64? = nil, systemRAM: [PhysicalRange]? = nil, reserved: [PhysicalRange] = [],
    crashRegions: [PhysicalRange] = [], kernelImage: PhysicalRange? = nil
  ) {
    if let pageSize { self.pageSize = pageSize }
    if let systemRAM { self.systemRAM = systemRAM }
    if !reserved.isEmpty { self.reserved = reserved }
    if !crashRegions.isEmpty { self.crashRegions = crashRegions }
    if let kernelImage { self.kernelImage = kernelImage }
  }
}

extension MachineSnapshot {
  /// The running kernel's own tree, `/proc/device-tree`, with everything in it; nil when that is not
  /// known. Needed for powerpc, where memory and CPUs come and go.
  public var liveTree: DeviceTree? {
    get { live?.tree }
    set { live = newValue.map { LiveTree($0, at: Fact<LiveTree?>.caller) } }
  }

  /// Bytes in a page, or in the largest that it may have: what is right for that is right for all.
  package var largestPageSize: UInt64 { possiblePageSizes[possiblePageSizes.count - 1] }

  /// The sizes in bytes that a page may have: of another size, there is no kernel.
  package var possiblePageSizes: [UInt64] {
    let all: [UInt64] = [4096, 16384, 65536]
    return pageSize.flatMap { all.contains($0) ? [$0] : nil } ?? all
  }

  /// Half of the RAM that is neither reserved nor a crash kernel's, in bytes: what a kernel takes up to.
  package var halfOfMemory: UInt64? {
    guard let ram = systemRAM else { return nil }
    return PhysicalRangeSet(ram).subtracting(PhysicalRangeSet(reserved + crashRegions)).size / 2
  }
}

/// A device tree that was put together again from its files: `/proc/device-tree`, or a copy of it.
///
/// The kernel makes these files when it has read the blob that it was booted with, and keeps them up to
/// date: overlays, and CPUs and memory that are plugged in, are in them, as is what the running kernel
/// itself wrote. What is not in them: the order of things, reservations and the boot CPU.
public struct LiveTree: Hashable, Sendable {
  /// The tree, with all that the running kernel added; phandles as they are.
  ///
  /// The order is that of ``boot``, then by names and unit addresses
  /// (`Node.sort(like:)`). Where there is no such blob, CPUs may get other numbers in the next kernel,
  /// and devices may be found in another order, than the firmware's order led to.
  public let tree: DeviceTree
  /// The folder or the archive.
  public let path: String
  /// The blob that the kernel was booted with, from which the order, the reservations and the boot CPU
  /// were taken; nil where it could not be had.
  public let boot: DeviceTree?
  /// Why there is no ``boot``; nil for a tree without a machine.
  public let bootError: KexecError?
  /// Nodes and properties that have their own names again, by their paths in the folder.
  public let restoredNames: [String]

  package init(
    _ tree: DeviceTree, at path: String, boot: DeviceTree? = nil, bootError: KexecError? = nil,
    restoredNames: [String] = []
  ) {
    self.tree = tree
    self.path = path
    self.boot = boot
    self.bootError = bootError
    self.restoredNames = restoredNames
  }
}
