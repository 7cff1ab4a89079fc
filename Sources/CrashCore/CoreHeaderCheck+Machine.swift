// SPDX-License-Identifier: Apache-2.0

import ELF
import PhysicalMemory

extension CoreHeaderCheck {
  /// What does not fit the known facts of the machine.
  func machineFindings(_ segments: [CoreSegment], _ elfMachine: Machine) -> [CoreFinding] {
    let dumped = segments.indices.filter { segments[$0].header.type == ProgramHeader.load }
    var findings: [CoreFinding] = []
    if machine.kernelText != nil, !segments.contains(where: { $0.role == .kernelText }) {
      findings.append(CoreFinding(.programHeaders, .noKernelText))
    }
    // kexec-tools rounds the firmware's memory to pages, which may have 64 KiB.
    let firmware = machine.firmware.roundedOutward(to: 0x1_0000)
    let memory = machine.memory?.union(machine.firmware)
    for number in dumped {
      let problems =
        mapProblems(of: segments[number]) + problems(of: segments[number], memory, firmware)
      findings += problems.map { CoreFinding(.programHeader(number), $0) }
    }
    let ranges = PhysicalRangeSet(dumped.compactMap { segments[$0].range })
    return findings + missingMemory(ranges, elfMachine) + noteFindingsOfMachine(segments)
  }

  /// Tools find the kernel and its memory by these addresses.
  private func mapProblems(of segment: CoreSegment) -> [CoreProblem] {
    guard segment.header.hasVirtualAddress else { return [] }
    let found = segment.header.offsetOfMap
    if segment.role == .kernelText {
      guard let expected = machine.kernelText else { return [] }
      if found != expected.offsetOfMap {
        return [.otherKernelMap(found, expected: expected.offsetOfMap)]
      }
      // kexec-tools rounds it, or begins with `_stext`.
      guard let range = segment.range,
        !expected.range.roundedOutward(to: 2 << 20).contains(range)
      else { return [] }
      return [.otherKernelPlace(range, expected: expected.range)]
    }
    guard let expected = machine.linearMap, found != expected else { return [] }
    return [.otherLinearMap(found, expected: expected)]
  }

  private func problems(
    of segment: CoreSegment, _ memory: PhysicalRangeSet?, _ firmware: PhysicalRangeSet
  ) -> [CoreProblem] {
    guard let range = segment.range else { return [] }
    var problems: [CoreProblem] = []
    if let memory, !memory.contains(range) {
      problems += [range].subtracting(memory).map(CoreProblem.notMemory)
    }
    guard let crashRegions = machine.crashRegions else { return problems }
    problems += PhysicalRangeSet([range]).intersection(crashRegions).subtracting(firmware).ranges
      .map(CoreProblem.inCrashRegion)
    if segment.role == .backup,
      let copy = PhysicalRange(start: segment.header.offset, size: range.size),
      !crashRegions.contains(copy)
    {
      problems.append(.backupNotKept(copy))
    }
    return problems
  }

  /// The kernel dumps all memory but crash regions, and what its architecture leaves out.
  private func missingMemory(_ dumped: PhysicalRangeSet, _ elfMachine: Machine) -> [CoreFinding] {
    guard let memory = machine.memory, let crashRegions = machine.crashRegions else { return [] }
    let low = [elfMachine.undumped].compactMap(\.self)
    let known = crashRegions.union(machine.excluded).union(dumped).union(PhysicalRangeSet(low))
    return memory.subtracting(known).ranges.map {
      CoreFinding(.programHeaders, .missingMemory($0))
    }
  }

  private func noteFindingsOfMachine(_ segments: [CoreSegment]) -> [CoreFinding] {
    let notes = segments.compactMap { segment in
      if case .cpuNote = segment.role { segment.range } else { nil }
    }
    let unknown = machine.cpuNotes.map { Set(notes).subtracting($0) } ?? []
    // As many as there are absent CPUs may belong to those.
    let stale = unknown.count > machine.absentCPUs ? unknown : []
    var findings: [CoreFinding] = []
    for (number, segment) in segments.enumerated() {
      guard let range = segment.range else { continue }
      if segment.header.type == ProgramHeader.note {
        findings += lostNote(range).map { CoreFinding(.programHeader(number), $0) }
      }
      switch segment.role {
      case .cpuNote:
        if stale.contains(range) {
          findings.append(CoreFinding(.programHeader(number), .staleNote(range)))
        }
      case .vmcoreinfo:
        if let expected = machine.vmcoreinfo, expected != range {
          findings.append(
            CoreFinding(.programHeader(number), .otherVMCoreInfo(range, expected: expected)))
        }
      case .kernelText, .memory, .backup, .other: break
      }
    }
    return findings + missingNotes(notes)
  }

  /// A note outside of memory cannot be read; one in the crash kernel's memory is overwritten.
  private func lostNote(_ range: PhysicalRange) -> [CoreProblem] {
    if let memory = machine.memory, !memory.contains(range) {
      return [range].subtracting(memory).map(CoreProblem.notMemory)
    }
    return machine.crashRegions?.intersection(PhysicalRangeSet([range])).ranges
      .map(CoreProblem.inCrashRegion) ?? []
  }

  private func missingNotes(_ notes: [PhysicalRange]) -> [CoreFinding] {
    guard let expected = machine.cpuNotes else { return [] }
    let found = Set(notes)
    let missing = expected.filter { !found.contains($0) }
    // Readers match notes and CPUs by their order.
    let isOrdered = notes.filter(Set(expected).contains) == expected.filter(found.contains)
    return missing.map { CoreFinding(.programHeaders, .missingNote($0)) }
      + (isOrdered ? [] : [CoreFinding(.programHeaders, .notesInOtherOrder)])
  }
}
