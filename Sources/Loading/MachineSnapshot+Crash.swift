// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import Kexec
import RunningKernel

extension MachineSnapshot {
  /// Reads the facts for an elfcorehdr.
  ///
  /// - Parameter given: facts that override the machine's.
  /// - Throws: `KexecError` where a file cannot be read, and for a machine that sets no memory apart.
  public mutating func readCrashFacts(given: GivenFacts = GivenFacts()) throws(KexecError) {
    read([.memory, .kernel, .core])
    _ = try $memory.ifPresent
    if let hidden = $memory.failure, hidden.kind == .noPermission { throw hidden }
    if !hasMemoryMap, runningArchitecture == .ppc64 { read(.liveTree) }
    read([.crashRegions, .crashCMARanges, .firmware])
    _ = (try $firmware.ifPresent, try $crashRegions.ifPresent)
    guard !crashRegions.isEmpty || !given.excluded.isEmpty || !hasMemoryMap else {
      throw KexecError(
        .notOffered, "\(root ?? ""): no memory is set apart for a crash kernel",
        advice: .excludeMemory)
    }
    excluded = crashRegions + (try $crashCMARanges.ifPresent)
    if given.cpuNotes.isEmpty { read(.cpuNotes) }
    if given.vmcoreinfoNote == nil { read(.vmcoreinfoNote) }
    _ = (try $cpuNotes.ifPresent, try $possibleCPUCount.ifPresent, try $vmcoreinfoNote.ifPresent)
    _ = try $statedArchitecture.ifPresent
    if !hasMemoryMap, runningArchitecture == .ppc64 {
      let live: LiveTree = try $live.unwrapped()
      $memory = Fact(live.tree.memoryOfPowerPC ?? [], from: live.path)
    }
    take(given)
  }

  /// The running kernel's architecture, also where `/proc/kcore` cannot be read.
  package var runningArchitecture: Architecture? {
    (architectureName ?? statedArchitecture).flatMap(Architecture.init(named:))
  }

  /// What is not known for an elfcorehdr, a line each. The linear map and the kernel's place have other
  /// sources, or can be left out: a kernel that is locked down hides them.
  public var crashNotes: [String] {
    var notes: [String] = []
    if let possible = possibleCPUCount, possible > cpuNotes.count {
      notes.append(
        "the register notes of only \(cpuNotes.count) of \(possible) possible CPUs are known; "
          + "kernels since 6.6 list all: pass the missing ones by hand")
    }
    return notes + [$coreSegments.failure?.description].compactMap { $0 }
  }

  /// The architecture of the elfcorehdr: the explicit one, else the machine's. The name of a powerpc kernel also
  /// gives the byte order, where no machine does.
  ///
  /// - Parameters:
  ///   - name: as `uname -m` has it; nil for the machine's.
  ///   - option: the name of its option in messages.
  /// - Throws: `KexecError` for one that is not known, that is not the machine's, or that no core
  ///   headers are made for.
  public mutating func settleArchitecture(
    explicit name: String?, by option: String
  ) throws(KexecError) -> Architecture {
    let running = architectureName ?? statedArchitecture
    guard let called = name ?? running else {
      let why = crashNotes.first.map { "\($0)\n" } ?? ""
      throw KexecError(.usage, "\(why)the architecture is not known", advice: .nameArchitecture)
    }
    if let name, let running, let explicit = Architecture(named: name),
      let own = Architecture(named: running), explicit != own
    {
      throw KexecError(
        .usage, "\(option): \(name), but the machine's kernel is for \(running)")
    }
    guard let architecture = Architecture(named: called), architecture.coreRules != nil else {
      throw KexecError(.usage, "\(option): no elfcorehdr is made for \(called)")
    }
    if let name, coreSegments.isEmpty, architecture.names(.big).contains(name) { byteOrder = .big }
    return architecture
  }
}
