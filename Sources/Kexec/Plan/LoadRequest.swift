// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import DeviceTree
public import KernelImage
public import PhysicalMemory

/// What is to be started, and what it is to be told.
public struct LoadRequest: Sendable {
  /// The kernel.
  public var kernel: KernelImage
  /// The bytes that the kernel's segments are ranges of.
  public var kernelBytes: [UInt8]
  /// The initrd; nil for none.
  public var initrd: [UInt8]?
  /// The tree to start from: the running kernel's, or a board's; not looked at, and nil, for an
  /// architecture that takes none.
  public var tree: DeviceTree?
  /// What is changed in the tree before the hand-over.
  public var edits: [TreeEdit]
  /// What is to be said about where the tree comes from: the plan's warnings begin with it.
  public var warnings: [Finding] = []
  /// The next kernel's command line.
  public var commandLine: CommandLineChoice
  /// Memory that the next kernel must leave alone, and that nothing is placed in.
  public var reservations: [PhysicalRange]
  /// Fresh random bytes.
  public var seeds: Seeds
  /// What the core header of a crash kernel is made of; nil for an ordinary kexec.
  public var crash: MachineSnapshot?
  /// The core header of a crash kernel, made elsewhere: loaded as it is, once it was read as the crash
  /// kernel will, and compared with ``crash`` where that is known too. Nil to have one made.
  public var givenCoreHeader: [UInt8]?
  /// IMA's measurements as the next kernel reads them: a finished buffer of version 1
  /// (`security/integrity/ima/ima_kexec.c`); nil for none. Never for a crash kernel. Its memory is half a
  /// page more, in whole pages, as the kernel has it for what is measured later: here nothing is added.
  public var measurements: [UInt8]?
  /// The caller's own bytes, each in memory that is reserved, told of by a property of `/chosen`.
  public var extras: [Extra] = []
  /// What places are a multiple of where there is room: 64 KiB, the largest page of any kernel.
  public var preferredAlignment: UInt64 = 64 << 10

  /// A request for an ordinary kexec with the tree's own command line; all else is set afterwards.
  public init(
    kernel: KernelImage, bytes kernelBytes: [UInt8], tree: DeviceTree?,
    commandLine: CommandLineChoice = .ofTree(), seeds: Seeds
  ) {
    self.kernel = kernel
    self.kernelBytes = kernelBytes
    self.tree = tree
    self.commandLine = commandLine
    self.seeds = seeds
    initrd = nil
    edits = []
    reservations = []
  }

  /// Bytes of the caller's own.
  public struct Extra: Hashable, Sendable {
    /// The property of `/chosen` that tells where they are: address and exact size, in root cells.
    public var name: String
    /// The bytes.
    public var bytes: [UInt8]

    /// Bytes, and the name of the property.
    public init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Whether the kernel waits for a crash.
  public var isForCrash: Bool { crash != nil || givenCoreHeader != nil }

  /// Several initrds as one: each begins at a multiple of 4 bytes, as the kernel's unpacker wants
  /// (`init/initramfs.c:unpack_to_rootfs` skips the zeros between them); nil for none.
  public static func joining(_ initrds: [[UInt8]]) -> [UInt8]? {
    guard var joined = initrds.first else { return nil }
    for initrd in initrds.dropFirst() {
      joined += [UInt8](repeating: 0, count: -joined.count & 3)
      joined += initrd
    }
    return joined
  }
}

extension LoadRequest {
  /// The running kernel's own tree, or what is known of it.
  func liveTree(on machine: MachineSnapshot) -> DeviceTree {
    machine.liveTree ?? tree ?? DeviceTree()
  }

  /// What the edited tree and the caller say of memory.
  func treeMemory() throws(KexecError) -> (known: PhysicalRangeSet?, kept: [NoRoom.Occupant]) {
    guard let (tree, _, _) = try tree?.applying(edits) else { return (nil, []) }
    let kept =
      tree.reservations.compactMap(\.memory).map {
        NoRoom.Occupant("a reservation of the tree", $0)
      }
      + tree.reservedMemory().map { NoRoom.Occupant($0.place, $0.range) }
      + reservations.map { NoRoom.Occupant("what is to be reserved", $0) }
    return (tree.knownMemory, kept)
  }
}

extension DeviceTree {
  /// The RAM that a kernel learns of from the tree; nil where UEFI tells it, or firmware has yet to fill
  /// it in.
  var knownMemory: PhysicalRangeSet? {
    guard !isOfUEFI, let cells = try? cellCounts(of: "/") else { return nil }
    let ram = memoryNodes(cells, named: "").flatMap(\.ranges) + dynamicMemory()
    return ram.isEmpty ? nil : PhysicalRangeSet(ram)
  }
}
