// SPDX-License-Identifier: Apache-2.0

public import CrashCore
public import Kexec
public import PhysicalMemory

/// The options of a kexec, besides its files: facts that override the machine's, and changes. All are optional.
public struct RequestOptions: Sendable {
  /// The purpose of the next kernel.
  public var purpose = Purpose.kexec
  /// The next kernel's architecture; nil for that of the running kernel, the tree or the kernel file.
  public var architecture: Architecture?
  /// Bytes in a page of the running kernel; nil for the machine's.
  public var pageSize: UInt64?
  /// Which of the machine's trees to use; nil for the better one.
  public var treeOrigin: TreeOrigin?
  /// The tree to use; nil for the machine's.
  public var tree: TreeFile?
  /// Whether the tree is one for the machine's board, to be completed by the machine's own.
  public var mergesTree = false
  /// The source of the command line.
  public var commandLine = CommandLineSource.usual
  /// Words to append to the command line.
  public var append = ""
  /// Edits of the tree, in this order.
  public var edits: [TreeEdit] = []
  /// Memory to reserve, besides the inputs.
  public var reservations: [PhysicalRange] = []
  /// Seeds for the next kernel; nil for fresh ones from getrandom(2).
  public var seeds: Seeds?
  /// What is handed over, where a loader has placed it; empty for a plan, which chooses the places itself.
  public var inputs: [KexecRequest.Input] = []
  /// The memory that a crash kernel may use, the main region first; empty for the machine's crash regions, and
  /// for a plan.
  public var usableMemory: [PhysicalRange] = []
  /// Whether a plan hands over what IMA has measured on the machine so far. Later measurements are missing, so
  /// that the list no longer matches the TPM. Not for a crash kernel.
  public var handsOnMeasurements = false
  /// Facts given by hand for the elfcorehdr of a planned crash kernel.
  public var given = GivenFacts()
  /// Profile of a unified kernel image, counted from 0.
  public var profile = 0

  /// The options of an ordinary kexec.
  public init() {}

  /// The source of a command line; later versions may add more.
  public indirect enum CommandLineSource: Hashable, Sendable {
    /// The unified kernel image; else the machine's running kernel; else the tree.
    case usual
    /// The running kernel of a machine, which may be another one than that of the request.
    case running(MachineSnapshot)
    /// The tree.
    case tree
    /// The caller, and its name in messages.
    case given(KernelCommandLine, name: String)
    /// None: the next kernel uses its built-in one.
    case omitted
  }
}

/// Facts for an elfcorehdr given by hand, which the machine lacks or has wrong.
public struct GivenFacts: Hashable, Sendable {
  /// All RAM; empty for the machine's.
  public var memory: [PhysicalRange] = []
  /// RAM that is not dumped, besides the crash kernel's.
  public var excluded: [PhysicalRange] = []
  /// The register notes, in the order of CPU numbers; empty for the machine's.
  public var cpuNotes: [PhysicalRange] = []
  /// The vmcoreinfo note.
  public var vmcoreinfoNote: PhysicalRange?
  /// The virtual address and physical range of the kernel.
  public var kernelText: CoreHeader.KernelText?
  /// The linear map address of a physical address, minus that address, modulo 2^64.
  public var linearMap: UInt64?
  /// Where the first 64 KiB of RAM are copied before the crash kernel runs (ppc64). A plan chooses the place.
  public var backup: UInt64?

  /// No facts.
  public init() {}
}

extension MachineSnapshot {
  /// Overrides facts of the machine.
  public mutating func take(_ given: GivenFacts) {
    if !given.memory.isEmpty { memory = given.memory }
    excluded += given.excluded
    if !given.cpuNotes.isEmpty { cpuNotes = given.cpuNotes }
    if let note = given.vmcoreinfoNote { vmcoreinfoNote = note }
    kernelText = given.kernelText
    linearMap = given.linearMap
    backup = given.backup
  }
}
