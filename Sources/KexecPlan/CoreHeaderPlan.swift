// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CrashCore
import ELF
public import KexecFacts
public import KexecRules
import KexecTree
import PhysicalMemory

/// The ELF core header (elfcorehdr) of a machine, and where its facts come from.
public struct CoreHeaderPlan: Hashable, Sendable {
  /// The header.
  public let header: CoreHeader
  /// Where its facts come from.
  public let evidence: [Evidence]
  /// What is not known.
  public let warnings: [Finding]
  let bytes: [UInt8]

  /// The order of the memory in a core header; readers take any.
  public enum Order: Hashable, Sendable {
    /// The lowest first, as the kernel writes it.
    case ascending
    /// The highest first, as `kernel/resource.c:walk_system_ram_res_rev` walks.
    case descending
  }

  /// Makes the core header as Linux does for the same machine.
  ///
  /// - Parameters:
  ///   - facts: what is known about the machine.
  ///   - joiningNeighbours: whether ranges that touch become one; the kernel leaves them apart.
  /// - Throws: `KexecError`: for a missing fact, facts that contradict each other, more ranges than the
  ///   format can count, and a header that the crash kernel would refuse or that gives no useful dump.
  public init(
    for architecture: Architecture, _ facts: MachineSnapshot, order: Order = .ascending,
    joiningNeighbours: Bool = false
  ) throws(KexecError) {
    let (machine, rules) = try architecture.knownCoreRules()
    guard facts.kernelText == nil || rules.hasKernelText else {
      throw .unsupported(
        architecture: architecture, reason: "its kernels have no mapping besides the linear one")
    }
    guard let vmcoreinfo = facts.vmcoreinfoNote else { throw .missing(.vmcoreinfo) }
    guard !facts.cpuNotes.isEmpty else { throw .missing(.cpuNotes) }
    guard !facts.memory.isEmpty else { throw .missing(.memory) }

    try Self.checkNotes(facts.cpuNotes, vmcoreinfo)
    try Self.checkBackup(facts, architecture)
    let layout = try KernelLayout(facts, rules)
    let ranges = Self.memory(facts, machine, rules, joiningNeighbours)
    for (range, next) in zip(ranges, ranges.dropFirst()) where next.start < range.end {
      throw KexecError(
        .malformedInput, "RAM \(range) and \(next) overlap: a dump would have them twice",
        about: .machine)
    }
    let memory = try ranges.map { (range) throws(KexecError) in
      var memory = CoreHeader.Memory(
        range: range, virtualAddress: layout.linearMap.map { range.start &+ $0 } ?? 0)
      if range == rules.backedUp {
        guard let backup = facts.backup else { throw .missing(.backup) }
        memory.source = backup
      }
      return memory
    }
    header = CoreHeader(
      machine: machine, byteOrder: facts.byteOrder, cpuNotes: facts.cpuNotes,
      vmcoreinfo: vmcoreinfo, kernelText: layout.text,
      memory: order == .ascending ? memory : memory.reversed())
    evidence = layout.evidence
    bytes = try Self.bytes(of: header)
    var core = CoreMachine(machine, facts)
    core.memory = PhysicalRangeSet(facts.memory)
    core.crashRegions = PhysicalRangeSet(facts.excluded)
    warnings =
      try rules.warnings + layout.warnings + Self.warnings(of: facts)
      + CoreHeaderCheck(of: core).warnings(of: bytes)
  }

  /// RAM without what is excluded, in rising order; what is backed up is a range of its own.
  private static func memory(
    _ facts: MachineSnapshot, _ machine: Machine, _ rules: CoreRules, _ joiningNeighbours: Bool
  ) -> [PhysicalRange] {
    let backedUp = [rules.backedUp].compactMap { $0 }
    let undumped = [machine.undumped].compactMap { $0 }
    let excluded = PhysicalRangeSet(facts.excluded + undumped + backedUp)
    var ranges = facts.memory.sorted().subtracting(excluded)
    ranges += facts.firmware.subtracting(PhysicalRangeSet(ranges))
    if joiningNeighbours { ranges = PhysicalRangeSet(ranges).ranges }
    let all = PhysicalRangeSet(facts.memory)
    return (ranges + backedUp.filter(all.contains)).sorted()
  }

  private static func bytes(of header: CoreHeader) throws(KexecError) -> [UInt8] {
    do throws(FormatError) {
      return try header.bytes()
    } catch {
      throw .tooManySegments(
        count: header.programHeaders.count, limit: ELFHeader.mostProgramHeaders)
    }
  }

  private static func warnings(of facts: MachineSnapshot) -> [Finding] {
    let pageSize = facts.vmcoreinfo?.pageSize ?? 4096
    // The kernel keeps the notes of each CPU within a page.
    let notes = facts.cpuNotes.filter { $0.start / pageSize != $0.lastByte / pageSize }.map {
      Finding(
        "register notes", "\($0) is in more than one page",
        rule: .linux("kernel/crash_core.c", "crash_notes_memory_init"))
    }
    // Only on a machine without memory for a crash kernel is nothing excluded.
    guard facts.excluded.isEmpty else { return notes }
    return notes + [
      Finding(
        "memory", "none is excluded: the crash kernel overwrites the memory that it runs in",
        rule: .linux("kernel/crash_core.c", "crash_exclude_mem_range"))
    ]
  }

  /// vmcoreinfo is a page and its heading (`VMCOREINFO_NOTE_SIZE`), a CPU's notes are a few hundred
  /// bytes (`note_buf_t`): the crash kernel sets as much memory aside as the header says.
  private static func checkNotes(
    _ cpuNotes: [PhysicalRange], _ vmcoreinfo: PhysicalRange
  ) throws(KexecError) {
    let notes: [(String, UInt64, [PhysicalRange])] = [
      ("the vmcoreinfo note", 4096, [vmcoreinfo]), ("register notes", 24, cpuNotes),
    ]
    for (name, least, ranges) in notes {
      for range in ranges where !(least...(1 << 20) ~= range.size) {
        throw KexecError(
          .malformedInput, "\(name) at \(range): \(range.size) bytes, which no kernel sets aside",
          about: .machine,
          rule: .linux("include/linux/vmcore_info.h", "VMCOREINFO_NOTE_SIZE, note_buf_t"))
      }
    }
  }

  /// The backup is in memory of the crash kernel.
  private static func checkBackup(
    _ facts: MachineSnapshot, _ architecture: Architecture
  ) throws(KexecError) {
    guard let backup = facts.backup, let copy = try architecture.backup(at: backup) else { return }
    guard facts.excluded.isEmpty || PhysicalRangeSet(facts.excluded).contains(copy) else {
      throw .badBackup(backup, "\(copy) is not in memory set apart for the crash kernel")
    }
  }
}

extension CoreMachine {
  /// The facts that a core header has to fit, but for the memory.
  init(_ machine: Machine, _ facts: MachineSnapshot) {
    self.init(
      machine: machine, byteOrder: facts.byteOrder, firmware: PhysicalRangeSet(facts.firmware),
      cpuNotes: facts.cpuNotes.isEmpty ? nil : facts.cpuNotes, vmcoreinfo: facts.vmcoreinfoNote)
  }
}

extension CoreHeaderCheck {
  /// What may be wrong with a core header.
  ///
  /// - Parameter name: where its findings are, for messages.
  /// - Throws: `KexecError.notAccepted(_:)` for one that would give no dump, or a useless one.
  func warnings(of header: [UInt8], named name: String = "") throws(KexecError) -> [Finding] {
    // That arm refuses every header is a warning of its rules.
    let findings = findings(in: header.span).filter { $0.problem != .neverAccepted }
    let bad = findings.filter { $0.severity != .warning }.map(Finding.init)
    guard bad.isEmpty else {
      throw .notAccepted(bad.map { Finding(name + $0.place, $0.text, rule: $0.rule) })
    }
    return findings.map(Finding.init)
  }
}

/// The core header of a plan.
struct PlannedCoreHeader {
  /// How it was made; nil for one that was given.
  let plan: CoreHeaderPlan?
  let bytes: [UInt8]
  let warnings: [Finding]
}

extension KexecRequest {
  /// The core header of a plan for a crash; nil for an ordinary kexec.
  ///
  /// - Parameter backup: the address of the backup; nil where there is none. The size of the header does not
  ///   depend on it.
  func coreHeader(backup: UInt64?) throws(KexecError) -> PlannedCoreHeader? {
    guard purpose == .crash else { return nil }
    if let given = bytes(of: .coreHeader) { return try checked(given) }
    var facts = machine
    facts.backup = backup
    let plan = try CoreHeaderPlan(for: architecture, facts)
    return PlannedCoreHeader(plan: plan, bytes: plan.bytes, warnings: plan.warnings)
  }

  /// A given core header, read as the crash kernel will read it, and compared with the machine.
  private func checked(_ header: [UInt8]) throws(KexecError) -> PlannedCoreHeader {
    let (architectureMachine, rules) = try architecture.knownCoreRules()
    guard rules.backedUp == nil else {
      throw .unsupported(
        architecture: architecture,
        reason: """
          a core header has the address of the backup, which is known only when a plan has found a \
          place for it: it is made with the plan
          """)
    }
    var core = CoreMachine(architectureMachine, machine)
    core.memory = (machine.$memory.isKnown ? machine.memory : machine.systemRAM).map {
      PhysicalRangeSet($0)
    }
    core.crashRegions = PhysicalRangeSet(machine.crashRegions)
    core.excluded = PhysicalRangeSet(machine.excluded)
    let warnings = try CoreHeaderCheck(of: core).warnings(
      of: header, named: "the given elfcorehdr: ")
    return PlannedCoreHeader(plan: nil, bytes: header, warnings: warnings)
  }
}
