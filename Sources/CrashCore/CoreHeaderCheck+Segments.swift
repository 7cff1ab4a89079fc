// SPDX-License-Identifier: Apache-2.0

import ELF
import PhysicalMemory

extension CoreHeaderCheck {
  /// The rules for notes: `fs/proc/vmcore.c:update_note_header_size_elf64` and
  /// `merge_note_headers_elf64`.
  func noteFindings(_ segments: [CoreSegment]) -> [CoreFinding] {
    var findings: [CoreFinding] = []
    let notes = segments.indices.filter { segments[$0].header.type == ProgramHeader.note }
    if notes.isEmpty {
      findings.append(CoreFinding(.programHeaders, .noNotes))
    } else if !segments.contains(where: { $0.role == .vmcoreinfo }) {
      findings.append(CoreFinding(.programHeaders, .noVMCoreInfo))
    }
    let firstOther = segments.firstIndex { $0.header.type != ProgramHeader.note }
    for number in notes {
      let note = segments[number].header
      if let firstOther, firstOther < number {
        findings.append(CoreFinding(.programHeader(number), .noteNotFirst(after: firstOther)))
      }
      if note.memorySize < 12 {
        findings.append(CoreFinding(.programHeader(number), .noteTooSmall(note.memorySize)))
      } else if note.memorySize > 4 << 20 {
        findings.append(CoreFinding(.programHeader(number), .noteTooLarge(note.memorySize)))
      } else if segments[number].range == nil {
        findings.append(
          CoreFinding(
            .programHeader(number), .wraps(start: note.offset, size: note.memorySize)))
      }
    }
    return findings + overlaps(segments, Array(notes), CoreProblem.noteOverlap)
  }

  /// The rules for memory: `fs/proc/vmcore.c:process_ptload_program_headers_elf64`, and those of the
  /// tools that read the dump.
  func memoryFindings(_ segments: [CoreSegment]) -> [CoreFinding] {
    let loads = segments.indices.filter { segments[$0].header.type == ProgramHeader.load }
    guard !loads.isEmpty else { return [CoreFinding(.programHeaders, .noMemory)] }
    let hasAddresses =
      loads.count == 1 || loads.contains { segments[$0].header.physicalAddress != 0 }
    var findings = hasAddresses ? [] : [CoreFinding(.programHeaders, .noPhysicalAddresses)]
    for number in loads {
      findings += problems(of: segments[number], hasAddresses: hasAddresses).map {
        CoreFinding(.programHeader(number), $0)
      }
    }
    guard hasAddresses else { return findings }
    // The kernel's mapping overlaps memory by design; nothing else may.
    let memory = loads.filter { segments[$0].role != .kernelText }
    return findings + linearMapFindings(segments)
      + overlaps(segments, memory, CoreProblem.overlap)
  }

  /// All memory is in one linear map, or in none.
  private func linearMapFindings(_ segments: [CoreSegment]) -> [CoreFinding] {
    let mapped = segments.indices.filter {
      segments[$0].isMemory && segments[$0].header.hasKernelAddress
    }
    guard machine.linearMap == nil, let first = mapped.first else { return [] }
    let expected = segments[first].header.offsetOfMap
    return mapped.filter { segments[$0].header.offsetOfMap != expected }.map {
      let problem = CoreProblem.twoLinearMaps(segments[$0].header.offsetOfMap, first: expected)
      return CoreFinding(.programHeader($0), problem)
    }
  }

  private func problems(of segment: CoreSegment, hasAddresses: Bool) -> [CoreProblem] {
    let header = segment.header
    guard header.memorySize > 0 else { return [.empty] }
    var problems: [CoreProblem] = []
    if header.fileSize != header.memorySize {
      problems.append(.sizesDiffer(file: header.fileSize, memory: header.memorySize))
    }
    if header.offset != header.physicalAddress, segment.role != .backup, hasAddresses {
      problems.append(
        .otherSource(header.offset, physicalAddress: header.physicalAddress))
    }
    if header.hasVirtualAddress, !header.hasKernelAddress {
      problems.append(.userAddress(header.virtualAddress))
    }
    let source = PhysicalRange(start: header.offset, size: header.memorySize)
    guard let range = segment.range, source != nil else {
      let start = segment.range == nil ? header.physicalAddress : header.offset
      return problems + [.wraps(start: start, size: header.memorySize)]
    }
    if segment.role != .kernelText, spoilsItsPages(range) { problems.append(.unaligned(range)) }
    return problems
  }

  /// Whether the pages that the range touches may hold something else than memory.
  private func spoilsItsPages(_ range: PhysicalRange) -> Bool {
    let pages = range.roundedOutward(to: 4096)
    guard pages != range else { return false }
    guard let memory = machine.memory else { return true }
    return memory.contains(range) && !memory.contains(pages)
  }

  /// Finds program headers that share bytes.
  private func overlaps(
    _ segments: [CoreSegment], _ numbers: [Int], _ problem: (PhysicalRange, Int) -> CoreProblem
  ) -> [CoreFinding] {
    let memory = numbers.compactMap { number in
      segments[number].range.map { (range: $0, number: number) }
    }.sorted { ($0.range, $0.number) < ($1.range, $1.number) }
    var findings: [CoreFinding] = []
    var furthest: (range: PhysicalRange, number: Int)?
    for segment in memory {
      if let other = furthest, let common = other.range.intersection(segment.range) {
        findings.append(
          CoreFinding(.programHeader(segment.number), problem(common, other.number)))
      }
      if furthest.map({ $0.range.end < segment.range.end }) != false { furthest = segment }
    }
    return findings
  }
}
