// SPDX-License-Identifier: Apache-2.0

public import Kexec
public import PhysicalMemory

/// What a caller says of a kexec, besides the files it is made of: facts that override the machine's,
/// and changes. All of it is optional.
public struct RequestOptions: Sendable {
  /// What the next kernel is started for.
  public var purpose = Purpose.kexec
  /// The next kernel's architecture; nil for the running kernel's, or that of tree or kernel.
  public var architecture: Architecture?
  /// Bytes in a page of the running kernel; nil for the machine's.
  public var pageSize: UInt64?
  /// Which of the machine's trees is the start; nil for the better one.
  public var treeOrigin: TreeOrigin?
  /// A tree that is open already, such as a folder's; nil for the machine's.
  public var tree: TreeFile?
  /// Whether the tree is of the machine's board, and completed by the machine's own.
  public var mergesTree = false
  /// Where the command line comes from.
  public var commandLine = CommandLineSource.usual
  /// Words to add at the end of the command line.
  public var append = ""
  /// What is changed in the tree, in this order.
  public var edits: [TreeEdit] = []
  /// Memory that the next kernel must leave alone, besides its inputs.
  public var reservations: [PhysicalRange] = []
  /// Random bytes for the next kernel; nil for fresh ones of getrandom(2).
  public var seeds: Seeds?
  /// What is handed over, where a loader has placed it; a plan finds the places itself, and has none of this.
  public var inputs: [KexecRequest.Input] = []
  /// The memory that a crash kernel may use, the main region first; empty for the machine's crash regions. Not
  /// for a plan.
  public var usableMemory: [PhysicalRange] = []
  /// Whether a plan hands on what IMA has measured on the machine, as it is now: what is measured afterwards is
  /// missing, so that it does not match a TPM any more. Not for a crash kernel.
  public var handsOnMeasurements = false
  /// Facts by hand, for the core header of a crash kernel that is planned.
  public var given = GivenFacts()
  /// Which profile of a unified kernel image, from 0.
  public var profile = 0

  /// An ordinary kexec without options.
  public init() {}

  /// Where a command line comes from; later versions may know more.
  public indirect enum CommandLineSource: Hashable, Sendable {
    /// From a unified kernel image; else from the machine's running kernel; else from the tree.
    case usual
    /// From the running kernel of a machine, which need not be the one whose facts count.
    case running(MachineSnapshot)
    /// From the tree.
    case tree
    /// From the caller; messages call it by this name.
    case given(KernelCommandLine, name: String)
    /// From nowhere: the next kernel uses its own.
    case omitted
  }
}
