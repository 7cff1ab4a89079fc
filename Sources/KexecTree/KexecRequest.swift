// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import KexecFacts
public import KexecMerge
public import KexecRules
public import PhysicalMemory

/// A requested kexec: what the next kernel is started for, its tree, and what is handed over to it.
///
/// With its inputs at addresses it becomes a ``NextTree``; with their bytes, and a kernel, a `KexecPlan`, which
/// finds the addresses.
public struct KexecRequest: Sendable {
  /// What the next kernel is started for.
  public var purpose: Purpose
  /// The architecture of both kernels.
  public var architecture: Architecture
  /// What is known about the machine.
  public var machine: MachineSnapshot
  /// The tree to start from: the running kernel's, or a board's; nil for an architecture that takes none.
  public var tree: DeviceTree?
  /// Whether the tree has the running kernel's own state, as `/proc/device-tree` does: it is removed first.
  public var hasLiveState = false
  /// The running machine's tree, which completes its board's (`TreeMerge`), before the edits; nil for none.
  public var machineTree: MachineTree?
  /// Changes before the hand-over, in this order.
  public var edits: [TreeEdit] = []
  /// Warnings about the source of the tree: a plan's warnings begin with them.
  public var warnings: [Finding] = []
  /// The command line.
  public var commandLine: CommandLineChoice
  /// Fresh random bytes.
  public var seeds: Seeds
  /// What is handed over in memory: each row once, and any number of extras.
  public var inputs: [Input] = []
  /// Memory that the next kernel must not use, besides its inputs.
  public var reservations: [PhysicalRange] = []
  /// The memory that a crash kernel may use: the main region, to which it caps its memory
  /// (`drivers/of/fdt.c:early_init_dt_check_for_usable_mem_range`), then the low one, if any. Empty for the
  /// machine's `MachineSnapshot.crashRegions`.
  public var usableMemory: [PhysicalRange] = []

  /// Something that is handed over: its bytes, for a plan, or its address, which a loader has found.
  public struct Input: Hashable, Sendable {
    /// What it is.
    public var input: KexecInput
    /// Its address, or its bytes.
    public var content: Content

    /// An input and its address or bytes.
    public init(_ input: KexecInput, _ content: Content) {
      self.input = input
      self.content = content
    }
  }

  /// Address or bytes.
  public enum Content: Hashable, Sendable {
    /// The memory of an input, to its exact size in bytes. IMA's buffer takes whole pages, which the next kernel
    /// frees; of the backup only the start counts.
    case at(PhysicalRange)
    /// The bytes of an input.
    case bytes([UInt8])
  }

  /// A request without inputs; on its own, one for an ordinary kexec with the tree's own command line.
  public init(
    for purpose: Purpose = .kexec, _ architecture: Architecture, tree: DeviceTree?,
    on machine: MachineSnapshot = MachineSnapshot(), commandLine: CommandLineChoice = .ofTree(),
    seeds: Seeds, inputs: [Input] = []
  ) {
    (self.purpose, self.architecture, self.machine) = (purpose, architecture, machine)
    (self.tree, self.commandLine, self.seeds, self.inputs) = (tree, commandLine, seeds, inputs)
  }

  /// The first input of a row; setting it replaces that one, nil removes it.
  public subscript(input: KexecInput) -> Content? {
    get { inputs.first { $0.input == input }?.content }
    set {
      let index = inputs.firstIndex { $0.input == input } ?? inputs.endIndex
      let new = newValue.map { [Input(input, $0)] } ?? []
      inputs.replaceSubrange(index..<min(index + 1, inputs.endIndex), with: new)
    }
  }
}

extension KexecRequest {
  /// The memory of an input; nil for none, and for bytes.
  func range(of input: KexecInput) -> PhysicalRange? {
    if case .at(let range)? = self[input] { range } else { nil }
  }

  /// The bytes of an input; nil for none, and for an address.
  package func bytes(of input: KexecInput) -> [UInt8]? {
    if case .bytes(let bytes)? = self[input] { bytes } else { nil }
  }

  var initrd: PhysicalRange? { range(of: .initrd) }

  /// What a crash kernel is given; nil for an ordinary kexec.
  var crash: CrashHandover? {
    guard purpose == .crash, let coreHeader = range(of: .coreHeader) else { return nil }
    return CrashHandover(
      coreHeader: coreHeader,
      usableMemory: usableMemory.isEmpty ? machine.crashRegions : usableMemory,
      backup: range(of: .backup)?.start)
  }

  /// What is handed over besides initrd and core header, in the order in which the kernel writes it, then extras.
  var buffers: [PlacedInput] {
    // Most requests have an initrd alone.
    guard inputs.contains(where: { $0.input != .initrd }) else { return [] }
    return placed(KexecInput.buffers) + extraBuffers
  }

  /// Those of these rows that have an address, in this order.
  func placed(_ wanted: [KexecInput]) -> [PlacedInput] {
    guard inputs.contains(where: { wanted.contains($0.input) }) else { return [] }
    return wanted.compactMap { input in range(of: input).flatMap { PlacedInput(input, $0) } }
  }

  var extraBuffers: [PlacedInput] {
    extras.compactMap { extra in
      if case .at(let range) = extra.content { PlacedInput(extra.input, range) } else { nil }
    }
  }

  package var extras: [Input] { inputs.filter(\.input.isExtra) }

  /// The properties of `/chosen` that the hand-over writes or removes.
  var written: [String] {
    extras.isEmpty ? ChosenProperty.written : ChosenProperty.written + extraBuffers.map(\.property)
  }
}

/// Where the next kernel's command line comes from; later versions may know more.
public enum CommandLineChoice: Hashable, Sendable {
  /// Nowhere: the next kernel uses its own, `CONFIG_CMDLINE`.
  case omitted
  /// The tree's own `bootargs`, after the caller's edits, and these words after it.
  case ofTree(appending: String = "")
  /// The caller.
  case given(KernelCommandLine)
}

extension CommandLineChoice: ExpressibleByStringLiteral {
  /// A command line written in source code.
  public init(stringLiteral text: String) { self = .given(KernelCommandLine(text)) }
}
