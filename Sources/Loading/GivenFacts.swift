// SPDX-License-Identifier: Apache-2.0

public import CrashCore
public import Kexec
public import PhysicalMemory

/// Facts of a machine that may crash, given by hand: those that it lacks, or has wrong.
public struct GivenFacts: Hashable, Sendable {
  /// All RAM; empty for what the machine says.
  public var memory: [PhysicalRange] = []
  /// RAM that is not dumped, besides the crash kernel's.
  public var excluded: [PhysicalRange] = []
  /// The register notes, in the order of the CPUs' numbers; empty for what the machine says.
  public var cpuNotes: [PhysicalRange] = []
  /// The vmcoreinfo note.
  public var vmcoreinfoNote: PhysicalRange?
  /// Where the kernel is linked, and where it lies.
  public var kernelText: CoreHeader.KernelText?
  /// The distance from a physical address to the linear map modulo 2^64.
  public var linearMap: UInt64?
  /// Where the first memory is copied to before the crash kernel runs: ppc64. A plan finds a place itself.
  public var backup: UInt64?

  /// None.
  public init() {}
}

extension MachineSnapshot {
  /// What was given by hand takes the place of what the machine said.
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
