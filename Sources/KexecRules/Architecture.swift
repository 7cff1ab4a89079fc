// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import DeviceTree
public import ELF
public import KexecFacts

/// What the kernels of one architecture want from the tree they are started with.
///
/// An architecture is a value; two for the same ``machine`` are equal. A new one, X, touches these files:
///
/// - `Sources/ELF/Machine.swift`: its number, and a row with its names, classes and number in PE/COFF files.
/// - `Sources/KexecRules/Architecture+X.swift`: the value, each number with the kernel source it is from.
/// - `Sources/KexecRules/Architecture.swift`: its place in ``all``.
/// - `Sources/KernelImage/ImageHeaders.swift`: the header of its kernels, and a row with their alignment.
/// - `Tests/EndToEnd/arch/X`: how QEMU boots it; `Makefile` has the packages that this takes.
/// - `README.md`: a row of the table of what works.
///
/// And where it differs from most:
///
/// - `Sources/CrashCore/CoreSegment.swift`: what is in no dump of it.
/// - `Sources/CrashCore/CoreHeaderCheck+Machine.swift`: what its crash kernels refuse.
/// - `Sources/KexecRules/Trampoline+X.swift`: the code that starts the kernel, where the running kernel
///   does not set its registers.
/// - `Sources/KexecRules/X`: the fixups of its trees.
public struct Architecture: Sendable {
  /// The machines it is for; nil for ``other``.
  public let machine: Machine?
  /// `COMMAND_LINE_SIZE`: bytes of the command line with its NUL, the kernel cuts longer ones; nil
  /// where it is not known here.
  public internal(set) var commandLineLimit: Limit?
  /// The lower limit of kernels that are still in use; nil where all have the same.
  public internal(set) var oldCommandLineLimit: Limit?
  /// The largest tree in bytes that the kernel maps; nil where nothing but memory limits it.
  public internal(set) var treeLimit: Limit?
  /// The address that an initrd must end at or before; nil where any memory will do.
  public internal(set) var initrdLimit: Limit?
  /// Why this package cannot make a tree for the next kernel here; nil when it can.
  public internal(set) var treeRefusal: String?
  /// Why no whole kexec is planned for it; nil where there is nothing special to say.
  package internal(set) var planRefusal: String?
  /// Whether kernels put `elfcorehdr=` at the front of a crash kernel's command line, in addition to
  /// the property of the tree.
  package internal(set) var namesCoreHeaderOnCommandLine = false
  /// How its core headers are made; nil where this package makes none.
  package internal(set) var coreRules: CoreRules?
  /// Where its kernels put what they load; nil where nothing is planned here.
  package internal(set) var placement: PlacementRules?
  /// Whether the kernel takes a tree without hardware as the sign to use ACPI; nil where trees do
  /// not decide that.
  package internal(set) var stubTrees: StubTrees?
  /// How a loader passes on the command line what other architectures have in a tree; nil where they take a tree.
  package internal(set) var commandLineRules: CommandLineRules?
  /// The fixups of its trees; nil for none.
  package internal(set) var treeRules: TreeRules?
  /// Whether its kernels read `linux,usable-memory-range`.
  package internal(set) var readsUsableRange = true
  /// Whether its kernels have KHO, the hand-over of a live update: `ARCH_SUPPORTS_KEXEC_HANDOVER`.
  package internal(set) var readsKHO = false
  /// Whether CPUs and memory of its machines come and go, so that the tree its kernel works with counts, and
  /// not the blob of the boot: powerpc.
  public internal(set) var prefersLiveTree = false
  /// Whether a tree describes such a machine.
  package let recognizes: @Sendable (DeviceTree) -> Bool

  /// A number that something must not exceed, and where the kernel says so.
  public struct Limit: Hashable, Sendable {
    /// Bytes, or an address.
    public let value: UInt64
    /// Where it is defined.
    public let rule: Rule
  }

  /// The name `uname -m` gives on little-endian machines.
  public var name: String { names(.little)[0] }
  /// All names that people and `uname -m` use for its kernels of a byte order.
  public func names(_ order: ByteOrder) -> [String] { machine?.names(order) ?? ["other"] }

  /// Whether its kernels are started with a device tree; ``treeRefusal`` says why not.
  public var takesTree: Bool { treeRefusal == nil }
  /// Whether whole kexecs are planned for it.
  public var isPlanned: Bool { placement != nil }

  /// Whether its kernels find IMA's list of measurements in their tree: `HAVE_IMA_KEXEC`, of those that
  /// take a tree. LoongArch's places the list, and passes its address to no one.
  public var readsIMABuffer: Bool { placement?.imaBuffer != nil }

  /// Every architecture there is, ``other`` last.
  public static let all: [Architecture] = [
    .arm64, .riscv64, .arm, .ppc64, .loongarch64, .x86_64, .other,
  ]

  /// Any other architecture whose kernels take a tree: what all have in common is done and checked,
  /// limits are not known.
  public static let other = Architecture(machine: nil, recognizes: { _ in false })
}

extension Architecture {
  /// The architecture of this name, or of `uname -m`'s; nil for an unknown one.
  public init?(named name: String) {
    guard let found = Self.all.first(where: { ($0.names(.little) + $0.names(.big)).contains(name) })
    else { return nil }
    self = found
  }

  /// The architecture of the kernels for a machine; nil where none are known here.
  public init?(_ machine: Machine) {
    guard let found = Self.all.first(where: { $0.machine == machine }) else { return nil }
    self = found
  }

  /// The architecture of the machine that a tree describes; nil when its CPU nodes do not say,
  /// or when it has none, as on machines booted with ACPI.
  public init?(describedBy tree: DeviceTree) {
    guard let found = Self.all.first(where: { $0.recognizes(tree) }) else { return nil }
    self = found
  }
}

extension Architecture: Hashable {
  /// Whether both are for the same machines.
  public static func == (one: Architecture, other: Architecture) -> Bool {
    one.machine == other.machine
  }
  /// The machines stand for all of it.
  public func hash(into hasher: inout Hasher) { hasher.combine(machine) }
}

extension Architecture: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}
