// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import PhysicalMemory

/// Where a kernel has its memory and itself in its virtual address space, and who says so.
struct KernelLayout {
  /// The distance from a physical address to the linear map, modulo 2^64; nil when nobody says.
  let linearMap: UInt64?
  /// The kernel's own mapping; nil when nobody says, and where there is none.
  let text: CoreHeader.KernelText?
  /// Every way that was found.
  let evidence: [Evidence]

  /// - Throws: ``PlanError/contradiction(_:_:)`` when two ways lead to different places.
  init(_ facts: CrashFacts, _ rules: CoreRules) throws(PlanError) {
    let core = KernelSegments(facts, rules)
    let maps = Self.linearMaps(facts, rules, core)
    let texts = Self.textMaps(facts, rules, core)
    try Self.checkAgreement("linear map", maps)
    try Self.checkAgreement("kernel text", texts)
    linearMap = maps.first?.offset
    text = rules.hasKernelText ? Self.text(facts, rules, core, offset: texts.first?.offset) : nil
    evidence =
      maps.map { Evidence("linear map", hex($0.offset), $0.source) }
      + (text.map { text in
        let place = "\(hex(text.virtualAddress)) at \(text.range)"
        return texts.map { Evidence("kernel text", place, $0.source) }
      } ?? [])
  }

  private typealias Way = (offset: UInt64, source: String)

  private static func linearMaps(
    _ facts: CrashFacts, _ rules: CoreRules, _ core: KernelSegments
  ) -> [Way] {
    if let given = facts.linearMap { return [(given, "the caller")] }
    var ways: [Way] = []
    if let first = core.memory.first?.offsetOfMap {
      let other = core.memory.first { $0.offsetOfMap != first }?.offsetOfMap
      ways = [first, other].compactMap { $0 }.map { ($0, "/proc/kcore") }
    }
    if let offset = facts.vmcoreinfo.flatMap(rules.linearMapOf) {
      ways.append((offset, "vmcoreinfo"))
    }
    if let (offset, rule) = rules.linearMap { ways.append((offset, "\(rule)")) }
    return ways
  }

  private static func textMaps(
    _ facts: CrashFacts, _ rules: CoreRules, _ core: KernelSegments
  ) -> [Way] {
    if let given = facts.kernelText {
      return [(given.virtualAddress &- given.range.start, "the caller")]
    }
    var ways: [Way] = []
    if let segment = core.text { ways.append((segment.offsetOfMap, "/proc/kcore")) }
    if let offset = facts.vmcoreinfo.flatMap(rules.textMapOf) {
      ways.append((offset, "vmcoreinfo"))
    }
    return ways
  }

  /// The kernel's memory by `/proc/kcore`, which has `_text` to `_end`; else by `/proc/iomem`, whose
  /// start may be `_stext`.
  private static func text(
    _ facts: CrashFacts, _ rules: CoreRules, _ core: KernelSegments, offset: UInt64?
  ) -> CoreHeader.KernelText? {
    if let given = facts.kernelText { return given }
    if let segment = core.text,
      let range = PhysicalRange(start: segment.physicalAddress, size: segment.memorySize)
    {
      return CoreHeader.KernelText(virtualAddress: segment.virtualAddress, range: range)
    }
    guard let offset, let image = facts.kernelImage?.roundedOutward(to: 4096),
      let range = PhysicalRange(
        start: image.start.roundedDown(to: rules.imageAlignment), end: image.end)
    else { return nil }
    return CoreHeader.KernelText(virtualAddress: range.start &+ offset, range: range)
  }

  private static func checkAgreement(_ fact: String, _ ways: [Way]) throws(PlanError) {
    guard let first = ways.first, let other = ways.first(where: { $0.offset != first.offset })
    else {
      return
    }
    throw .contradiction(
      fact,
      [
        Evidence(fact, hex(first.offset), first.source),
        Evidence(fact, hex(other.offset), other.source),
      ]
    )
  }
}

/// The program headers of `/proc/kcore` that have a physical address (`fs/proc/kcore.c`).
private struct KernelSegments {
  /// RAM in the linear map.
  let memory: [ProgramHeader]
  /// The kernel where it is linked, on architectures that have a mapping of it.
  let text: ProgramHeader?

  init(_ facts: CrashFacts, _ rules: CoreRules) {
    let physical = facts.coreSegments.filter {
      $0.type == ProgramHeader.load && $0.physicalAddress != .max && $0.memorySize > 0
    }
    let index = rules.hasKernelText ? Self.indexOfText(physical, facts.vmcoreinfo, rules) : nil
    text = index.map { physical[$0] }
    memory = physical.indices.filter { $0 != index }.map { physical[$0] }
  }

  /// The segment that holds `_stext`, without that symbol one inside the memory of others: in either
  /// case it is mapped elsewhere than the linear map has it.
  private static func indexOfText(
    _ segments: [ProgramHeader], _ info: VMCoreInfo?, _ rules: CoreRules
  ) -> Int? {
    guard let largest = segments.max(by: { $0.memorySize < $1.memorySize }) else { return nil }
    let linear = rules.linearMap?.offset ?? largest.offsetOfMap
    if let symbol = info?.symbol("_stext") {
      return segments.firstIndex {
        $0.offsetOfMap != linear && $0.virtualAddress <= symbol
          && symbol - $0.virtualAddress < $0.memorySize
      }
    }
    let memory = PhysicalRangeSet(
      segments.filter { $0.offsetOfMap == linear }.compactMap(\.memory))
    return segments.firstIndex { segment in
      segment.offsetOfMap != linear && segment.memory.map(memory.contains) == true
    }
  }
}

extension ProgramHeader {
  /// The distance from its physical to its virtual address, modulo 2^64.
  fileprivate var offsetOfMap: UInt64 { virtualAddress &- physicalAddress }
  /// Its memory; nil when it is empty or wraps.
  fileprivate var memory: PhysicalRange? {
    PhysicalRange(start: physicalAddress, size: memorySize)
  }
}
