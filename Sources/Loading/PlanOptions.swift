// SPDX-License-Identifier: Apache-2.0

public import Kexec
public import PhysicalMemory

/// How a set of files becomes a plan: what the next kernel is to be told, and what is known better than the
/// machine tells it. Nothing of it has to be said.
public struct PlanOptions: Sendable {
  /// Whether the kernel waits for a crash; else for a reboot.
  public var forCrash = false
  /// The next kernel's architecture; nil for the running kernel's, or what tree or kernel tell.
  public var architecture: Architecture?
  /// Bytes in a page of the running kernel; nil for what the machine tells.
  public var pageSize: UInt64?
  /// Which of the machine's trees is the start; nil for the better one.
  public var treeOrigin: TreeOrigin?
  /// A tree that is open already, such as a folder's, in place of one in the set.
  public var tree: TreeFile?
  /// Whether the tree is of the machine's board, and completed by what the machine's own tells.
  public var mergesTree = false
  /// Where the command line comes from.
  public var commandLine = CommandLineSource.usual
  /// Words to add at the end of the command line.
  public var append = ""
  /// What is changed in the tree, behind the overlays.
  public var edits: [TreeEdit] = []
  /// Memory that the next kernel must leave alone, besides what is loaded.
  public var reservations: [PhysicalRange] = []
  /// Random bytes for the next kernel; nil for fresh ones of getrandom(2).
  public var seeds: Seeds?
  /// Whether IMA's measurements of the machine's running kernel are handed on, as they are now: what is
  /// measured afterwards is missing, so that they do not match a TPM any more. Not for a crash kernel.
  public var handsOnMeasurements = false
  /// Facts by hand, for the core header of a crash kernel.
  public var given = GivenFacts()
  /// Which profile of a unified kernel image, from 0.
  public var profile = 0

  /// An ordinary kexec with nothing said.
  public init() {}

  /// Where a command line comes from when there is none in the set; later versions may know more.
  public indirect enum CommandLineSource: Hashable, Sendable {
    /// From a unified kernel image; else from the machine's running kernel; else from the tree.
    case usual
    /// From the running kernel of a machine, which need not be the one whose facts count.
    case running(MachineSnapshot)
    /// From nowhere: the next kernel uses its own.
    case omitted
  }
}
