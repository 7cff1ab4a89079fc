// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
public import Kexec
import PhysicalMemory
public import RunningKernel

// A machine that may crash: what its core header is made of.
extension SourceMachine {
  /// What a core header is made of.
  public struct CrashSource: Hashable, Sendable {
    /// What the machine says, and in place of it what was given by hand.
    public var facts = MachineSnapshot()
    /// The running kernel's architecture as `uname -m` names it; nil when the machine does not tell.
    public var architectureName: String?
    /// What could not be learned, a line each.
    public var notes: [String] = []

    /// Facts by hand, without a machine.
    public init(_ given: GivenFacts = GivenFacts()) { facts.take(given) }

    /// The architecture of the core header: the one that was told, else the machine's. Of a powerpc kernel
    /// the name tells the byte order, too, where no machine does.
    ///
    /// - Parameters:
    ///   - name: as `uname -m` has it; nil for the machine's.
    ///   - option: what messages call the place where it was told.
    /// - Throws: ``KexecError`` for one that is not known, that is not the machine's, or that no core
    ///   headers are made for.
    public mutating func settleArchitecture(told name: String?, by option: String)
      throws(KexecError) -> Architecture
    {
      guard let called = name ?? architectureName else {
        let why = notes.first.map { "\($0)\n" } ?? ""
        throw KexecError(
          .usage, "\(why)the architecture is not known", advice: .nameArchitecture)
      }
      if let name, let architectureName, let said = Architecture(named: name),
        let running = Architecture(named: architectureName), said != running
      {
        throw KexecError(
          .usage, "\(option): \(name), but the machine's kernel is for \(architectureName)")
      }
      guard let architecture = Architecture(named: called), architecture.coreRules != nil else {
        throw KexecError(.usage, "\(option): no core headers are made for \(called)")
      }
      if let name, facts.coreSegments.isEmpty, architecture.names(.big).contains(name) {
        facts.byteOrder = .big
      }
      return architecture
    }
  }

  /// What the machine says of itself to those who prepare for its crash.
  ///
  /// - Parameters:
  ///   - map: what ``memoryMap()`` gave.
  ///   - given: what is known better; it is not looked for.
  /// - Throws: ``KexecError`` where a file cannot be read, and for a machine that sets no memory apart.
  public func crashSource(
    listedIn map: MemoryMap?, given: GivenFacts = GivenFacts()
  ) throws(KexecError) -> CrashSource {
    guard map?.isHidden != true else {
      throw KexecError(
        .noPermission, "\(kernel.memoryMapPath): addresses are hidden without CAP_SYS_ADMIN")
    }
    var source = CrashSource()
    try learnMemory(&source, map, given)
    try learnNotes(&source, given)
    try learnKernel(&source)
    let name = source.architectureName
    if map == nil, name.flatMap(Architecture.init(named:)) == .ppc64 {
      source.facts.memory = try fact { kernel throws(MachineError) in
        try kernel.liveTree().tree.memoryOfPowerPC ?? []
      }
    }
    source.facts.take(given)
    return source
  }

  private func learnMemory(
    _ source: inout CrashSource, _ map: MemoryMap?, _ given: GivenFacts
  ) throws(KexecError) {
    source.facts.memory = map?.memoryToDump ?? []
    source.facts.kernelImage = map?.kernelImage
    source.facts.firmware = try fact { kernel throws(MachineError) in try kernel.firmwareMemory() }
    let regions = try fact { kernel throws(MachineError) in try kernel.crashRegions(listedIn: map) }
    guard !regions.isEmpty || !given.excluded.isEmpty || map == nil else {
      throw KexecError(
        .notOffered, "\(kernel.root): no memory is set apart for a crash kernel",
        advice: .excludeMemory)
    }
    source.facts.excluded =
      regions + (try fact { kernel throws(MachineError) in try kernel.crashCMARanges() })
  }

  private func learnNotes(
    _ source: inout CrashSource, _ given: GivenFacts
  ) throws(KexecError) {
    if given.cpuNotes.isEmpty {
      let notes = try fact { kernel throws(MachineError) in try kernel.cpuNotes().map(\.range) }
      source.facts.cpuNotes = notes
      let possible = try fact { kernel throws(MachineError) in try kernel.possibleCPUCount() } ?? 0
      if possible > notes.count {
        source.notes.append(
          "of \(possible) possible CPUs \(notes.count) tell where their register notes are; "
            + "kernels since 6.6 describe all: the others can be given by hand")
      }
    }
    if given.vmcoreinfoNote == nil {
      source.facts.vmcoreinfoNote = try fact { kernel throws(MachineError) in
        try kernel.vmcoreinfoNote()
      }
    }
  }

  /// The linear map and the kernel's place have other sources, or can be left out: a kernel that is locked
  /// down hides them.
  private func learnKernel(_ source: inout CrashSource) throws(KexecError) {
    let core = learnedCore(&source.notes)
    source.facts.byteOrder = core?.file.byteOrder ?? .little
    source.facts.coreSegments = core?.file.programHeaders ?? []
    source.facts.vmcoreinfo = core?.vmcoreinfo
    source.architectureName = try fact { kernel throws(MachineError) in
      try kernel.architectureName(by: core)
    }
  }

  /// The head of `/proc/kcore`, or nil and a note.
  func learnedCore(_ notes: inout [String]) -> KernelCore? {
    do throws(MachineError) {
      if let core = try kernel.core() { return core }
      notes.append("\(kernel.corePath): no such file, or of a 32-bit kernel")
    } catch {
      notes.append("\(error)")
    }
    return nil
  }
}
