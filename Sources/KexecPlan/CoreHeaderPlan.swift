// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CrashCore
import ELF
import KexecCheck
public import KexecFacts
import KexecMerge
public import KexecRules
import KexecTree
import PhysicalMemory

/// The core header of a machine, and what it rests on.
public struct CoreHeaderPlan: Hashable, Sendable {
  /// The header.
  public let header: CoreHeader
  /// Where its facts come from.
  public let evidence: [Evidence]
  /// What could not be found out.
  public let warnings: [Finding]

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
  ///   - architecture: the kernel's.
  ///   - facts: what is known about the machine.
  ///   - order: of the memory.
  ///   - joiningNeighbours: whether ranges that touch become one; the kernel leaves them apart.
  /// - Throws: `KexecError`: for a missing fact, two that contradict each other, more ranges than the
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
    try Self.checkBackup(facts, rules, architecture)
    let layout = try KernelLayout(facts, rules)
    let ranges = Self.memory(facts, machine, rules, joiningNeighbours)
    for (range, next) in zip(ranges, ranges.dropFirst()) where next.start < range.end {
      throw .overlappingMemory(range, next)
    }
    let memory = try ranges.map { (range) throws(KexecError) in
      try CoreHeader.Memory(range, layout, facts, rules)
    }
    header = CoreHeader(
      machine: machine, byteOrder: facts.byteOrder, cpuNotes: facts.cpuNotes,
      vmcoreinfo: vmcoreinfo, kernelText: layout.text,
      memory: order == .ascending ? memory : memory.reversed())
    evidence = layout.evidence
    let doubts = try Self.doubts(of: header, facts)
    warnings =
      rules.warnings + layout.warnings + Self.warnings(ofNotes: facts)
      + Self.warnings(ofMemory: facts) + doubts
  }

  /// Reads the finished header as the crash kernel will.
  ///
  /// - Throws: `KexecError.tooManySegments(count:limit:)`, and `KexecError.notAccepted(_:)` for a
  ///   header that would give no dump, or a useless one.
  private static func doubts(
    of header: CoreHeader, _ facts: MachineSnapshot
  ) throws(KexecError) -> [Finding] {
    let bytes: [UInt8]
    do throws(FormatError) {
      bytes = try header.bytes()
    } catch {
      throw .tooManySegments(
        count: header.programHeaders.count, limit: ELFHeader.mostProgramHeaders)
    }
    let machine = CoreMachine(
      machine: header.machine, byteOrder: header.byteOrder,
      memory: PhysicalRangeSet(facts.memory), crashRegions: PhysicalRangeSet(facts.excluded),
      firmware: PhysicalRangeSet(facts.firmware), cpuNotes: facts.cpuNotes,
      vmcoreinfo: facts.vmcoreinfoNote)
    // That arm refuses every header is a warning of its rules.
    let findings = CoreHeaderCheck(of: machine).findings(in: bytes.span)
      .filter { $0.problem != .neverAccepted }
    let bad = findings.filter { $0.severity != .doubtful }.map(Finding.init)
    guard bad.isEmpty else { throw .notAccepted(bad) }
    return findings.map(Finding.init)
  }

  /// Only on a machine without a crash kernel's memory is nothing left out.
  private static func warnings(ofMemory facts: MachineSnapshot) -> [Finding] {
    guard facts.excluded.isEmpty else { return [] }
    return [
      Finding(
        "memory", "none is left out: the crash kernel writes over what it runs in",
        rule: .linux("kernel/crash_core.c", "crash_exclude_mem_range"))
    ]
  }

  /// RAM without what is excluded, in rising order; what is backed up is a piece of its own.
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

  /// The kernel keeps every CPU's notes within a page, so that they are one piece of memory.
  private static func warnings(ofNotes facts: MachineSnapshot) -> [Finding] {
    let pageSize = facts.vmcoreinfo?.pageSize ?? 4096
    return facts.cpuNotes.filter { $0.start / pageSize != $0.lastByte / pageSize }.map {
      Finding(
        "register notes", "\($0) is in more than one page",
        rule: .linux("kernel/crash_core.c", "crash_notes_memory_init"))
    }
  }

  /// vmcoreinfo is a page and its heading (`VMCOREINFO_NOTE_SIZE`), a CPU's notes are a few hundred
  /// bytes (`note_buf_t`): the crash kernel sets as much memory aside as the header says.
  private static func checkNotes(
    _ cpuNotes: [PhysicalRange], _ vmcoreinfo: PhysicalRange
  ) throws(KexecError) {
    guard 4096...(1 << 20) ~= vmcoreinfo.size else { throw .badNote(.vmcoreinfo, vmcoreinfo) }
    for note in cpuNotes where !(24...(1 << 20) ~= note.size) { throw .badNote(.cpuNotes, note) }
  }

  /// The copy lies in memory of the crash kernel, not over what it is a copy of.
  private static func checkBackup(
    _ facts: MachineSnapshot, _ rules: CoreRules, _ architecture: Architecture
  ) throws(KexecError) {
    guard let backup = facts.backup else { return }
    guard let source = rules.backedUp else {
      throw .badBackup(backup, "\(architecture) has none")
    }
    guard let copy = PhysicalRange(start: backup, size: source.size), !copy.overlaps(source) else {
      throw .badBackup(backup, "it wraps, or overlaps \(source)")
    }
    guard facts.excluded.isEmpty || PhysicalRangeSet(facts.excluded).contains(copy) else {
      throw .badBackup(backup, "\(copy) is not in memory set apart for the crash kernel")
    }
  }
}

extension CoreHeader.Memory {
  fileprivate init(
    _ range: PhysicalRange, _ layout: KernelLayout, _ facts: MachineSnapshot, _ rules: CoreRules
  ) throws(KexecError) {
    self.init(range: range, virtualAddress: layout.linearMap.map { range.start &+ $0 } ?? 0)
    guard range == rules.backedUp else { return }
    guard let backup = facts.backup else { throw .missing(.backup) }
    source = backup
  }
}
