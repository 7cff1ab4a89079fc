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

/// Where a kernel has its memory and itself in its virtual address space, and who says so.
public struct KernelLayout: Hashable, Sendable {
  /// The distance from a physical address to the linear map, modulo 2^64; nil when it is not known.
  public let linearMap: UInt64?
  /// The kernel's own mapping; nil when it is not known, and where there is none.
  public let text: CoreHeader.KernelText?
  /// Every way that was found.
  public let evidence: [Evidence]
  /// What was not found, or found by a rule that older kernels do not keep.
  public let warnings: [Finding]

  /// Looks for both in all that is known.
  ///
  /// - Throws: `KexecError.contradiction(_:_:)` when two ways lead to different places, and
  ///   `KexecError.unsupported(architecture:reason:)`.
  public init(of facts: MachineSnapshot, on architecture: Architecture) throws(KexecError) {
    try self.init(facts, architecture.knownCoreRules().rules)
  }

  init(_ facts: MachineSnapshot, _ rules: CoreRules) throws(KexecError) {
    let core = CoreSegments(facts, rules)
    let maps = Self.linearMaps(facts, rules, core)
    let texts = Self.textMaps(facts, rules, core)
    try Self.checkAgreement("linear map", maps)
    try Self.checkAgreement("kernel text", texts)
    linearMap = maps.first?.offset
    let text = try rules.hasKernelText ? KernelPlace(facts, rules, core, texts) : nil
    self.text = text?.text
    evidence =
      maps.map { Evidence("linear map", hex($0.offset), $0.source) } + (text?.evidence ?? [])
    warnings = Self.warnings(linearMap, text, rules)
  }

  fileprivate typealias Way = (offset: UInt64, source: String)

  private static func linearMaps(
    _ facts: MachineSnapshot, _ rules: CoreRules, _ core: CoreSegments
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
    _ facts: MachineSnapshot, _ rules: CoreRules, _ core: CoreSegments
  ) -> [Way] {
    if let given = facts.kernelText {
      return [(given.offsetOfMap, "the caller")]
    }
    var ways: [Way] = []
    if let segment = core.text { ways.append((segment.offsetOfMap, "/proc/kcore")) }
    if let offset = facts.vmcoreinfo.flatMap(rules.textMapOf) {
      ways.append((offset, "vmcoreinfo"))
    }
    if let (offset, rule) = rules.textMap { ways.append((offset, "\(rule)")) }
    return ways
  }

  private static func checkAgreement(_ fact: String, _ ways: [Way]) throws(KexecError) {
    guard let first = ways.first, let other = ways.first(where: { $0.offset != first.offset })
    else { return }
    let both = [first, other].map { Evidence(fact, hex($0.offset), $0.source) }
    throw .contradiction(fact, both)
  }

  private static func warnings(
    _ linearMap: UInt64?, _ text: KernelPlace?, _ rules: CoreRules
  ) -> [Finding] {
    var warnings: [Finding] = []
    if linearMap == nil {
      warnings.append(
        Finding(
          "memory", "the linear map is not known: virtual addresses are 0",
          rule: .linux("fs/proc/kcore.c", "read_kcore_iter")))
    }
    if rules.hasKernelText, text == nil {
      warnings.append(
        Finding(
          "kernel text", "where the kernel is linked is not known: left out",
          rule: .linux("fs/proc/kcore.c", "proc_kcore_text_init")))
    }
    if let text, text.startsAtStext, let (bytes, rule) = rules.stextOffset {
      warnings.append(
        Finding(
          "kernel text",
          """
          /proc/iomem has the kernel from _stext on; _text is taken to be \(hex(bytes)) before it, at \
          \(hex(text.text.range.start))
          """, rule: rule))
    }
    return warnings
  }
}

/// Where the kernel lies: by `/proc/kcore`, which has `_text` to `_end`; else by `/proc/iomem`, which
/// begins with `_stext` on some.
private struct KernelPlace {
  let text: CoreHeader.KernelText
  let evidence: [Evidence]
  /// Whether `_text` is not what `/proc/iomem` says, but before that.
  let startsAtStext: Bool

  /// nil when it is not known.
  init?(
    _ facts: MachineSnapshot, _ rules: CoreRules, _ core: CoreSegments, _ ways: [KernelLayout.Way]
  ) throws(KexecError) {
    var startsAtStext = false
    let usesImage = facts.kernelText == nil && facts.kernelImage != nil
    if let given = facts.kernelText {
      text = given
    } else if let segment = core.text, let range = segment.memory {
      text = CoreHeader.KernelText(virtualAddress: segment.virtualAddress, range: range)
      try Self.check(range, facts.kernelImage)
    } else if let offset = ways.first?.offset, let image = facts.kernelImage {
      startsAtStext = Self.isStext(image.start, facts, rules, offset)
      let start = image.start - (startsAtStext ? rules.stextOffset?.bytes ?? 0 : 0)
      guard
        let range = PhysicalRange(start: start, end: image.end)?
          .roundedOutward(to: rules.imageAlignment)
      else { return nil }
      text = CoreHeader.KernelText(virtualAddress: range.start &+ offset, range: range)
    } else {
      return nil
    }
    self.startsAtStext = startsAtStext
    let place = "\(hex(text.virtualAddress)) at \(text.range)"
    let image = facts.kernelImage.map { [Evidence("kernel image", "\($0)", "/proc/iomem")] } ?? []
    evidence = ways.map { Evidence("kernel text", place, $0.source) } + (usesImage ? image : [])
  }

  /// Whether `/proc/iomem` begins with `_stext`, by the address of that symbol.
  private static func isStext(
    _ start: UInt64, _ facts: MachineSnapshot, _ rules: CoreRules, _ offset: UInt64
  ) -> Bool {
    guard let (bytes, _) = rules.stextOffset, start >= bytes else { return false }
    return facts.vmcoreinfo?.symbol("_stext") == start &+ offset
  }

  /// Both begin within 2 MiB of each other: one with `_text`, the other, on some, with `_stext`.
  private static func check(
    _ range: PhysicalRange, _ image: PhysicalRange?
  ) throws(KexecError) {
    guard let image else { return }
    let distance = max(range.start, image.start) - min(range.start, image.start)
    guard distance >= 2 << 20 else { return }
    throw .contradiction(
      "kernel image",
      [
        Evidence("kernel image", "\(range)", "/proc/kcore"),
        Evidence("kernel image", "\(image)", "/proc/iomem"),
      ])
  }
}

/// The program headers of `/proc/kcore` that have a physical address (`fs/proc/kcore.c`).
private struct CoreSegments {
  /// RAM in the linear map.
  let memory: [ProgramHeader]
  /// The kernel where it is linked, on architectures that have a mapping of it.
  let text: ProgramHeader?

  init(_ facts: MachineSnapshot, _ rules: CoreRules) {
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
