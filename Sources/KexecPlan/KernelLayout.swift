// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import CrashCore
import ELF
public import KexecFacts
public import KexecRules
import PhysicalMemory

/// Where a kernel maps its memory and itself in its virtual address space, and who says so.
public struct KernelLayout: Hashable, Sendable {
  /// The distance from a physical address to the linear map, modulo 2^64; nil when it is not known.
  public let linearMap: UInt64?
  /// The kernel's own mapping; nil when it is not known, and where there is none.
  public let text: CoreHeader.KernelText?
  /// Every source that was found.
  public let evidence: [Evidence]
  /// What was not found, or was found by a rule that older kernels do not keep.
  public let warnings: [Finding]

  /// Looks for both in all that is known.
  ///
  /// - Throws: `KexecError.contradiction(_:_:)` when two sources disagree, and
  ///   `KexecError.unsupported(architecture:reason:)`.
  public init(of facts: MachineSnapshot, on architecture: Architecture) throws(KexecError) {
    try self.init(facts, architecture.knownCoreRules().rules)
  }

  init(_ facts: MachineSnapshot, _ rules: CoreRules) throws(KexecError) {
    let core = CoreSegments(facts, rules)
    let offsets = core.memory.map(\.offsetOfMap)
    let maps = Self.sources(
      of: facts.linearMap, in: [offsets.first, offsets.first { $0 != offsets[0] }],
      facts.vmcoreinfo.flatMap(rules.linearMapOf), rules.linearMap)
    let texts = Self.sources(
      of: facts.kernelText?.offsetOfMap, in: [core.text?.offsetOfMap],
      facts.vmcoreinfo.flatMap(rules.textMapOf), rules.textMap)
    try Self.checkAgreement("linear map", maps)
    try Self.checkAgreement("kernel text", texts)
    linearMap = maps.first?.offset
    let text = try rules.hasKernelText ? KernelPlace(facts, rules, core, texts) : nil
    self.text = text?.text
    evidence =
      maps.map { Evidence("linear map", hex($0.offset), $0.name) } + (text?.evidence ?? [])
    warnings = Self.warnings(linearMap, text, rules)
  }

  fileprivate typealias Source = (offset: UInt64, name: String)

  /// What each source says of an offset: the caller's alone, if given.
  private static func sources(
    of given: UInt64?, in core: [UInt64?], _ info: UInt64?,
    _ constant: (offset: UInt64, rule: Rule)?
  ) -> [Source] {
    if let given { return [(given, "the caller")] }
    return core.compactMap { $0 }.map { ($0, "/proc/kcore") }
      + (info.map { [($0, "vmcoreinfo")] } ?? [])
      + (constant.map { [($0.offset, "\($0.rule)")] } ?? [])
  }

  private static func checkAgreement(_ fact: String, _ sources: [Source]) throws(KexecError) {
    guard let first = sources.first, let other = sources.first(where: { $0.offset != first.offset })
    else { return }
    let both = [first, other].map { Evidence(fact, hex($0.offset), $0.name) }
    throw .contradiction(fact, both)
  }

  private static func warnings(
    _ linearMap: UInt64?, _ text: KernelPlace?, _ rules: CoreRules
  ) -> [Finding] {
    let unknownMap = Finding(
      "memory", "the linear map is not known: virtual addresses are 0",
      rule: .linux("fs/proc/kcore.c", "read_kcore_iter"))
    let unknownText = Finding(
      "kernel text", "the address that the kernel is linked for is not known: left out",
      rule: .linux("fs/proc/kcore.c", "proc_kcore_text_init"))
    let stext = text.flatMap { place in
      place.stextOffset.map { bytes, rule in
        Finding(
          "kernel text",
          """
          /proc/iomem lists the kernel from _stext on; _text is assumed \(hex(bytes)) before it, at \
          \(hex(place.text.range.start))
          """, rule: rule)
      }
    }
    return [
      linearMap == nil ? unknownMap : nil, rules.hasKernelText && text == nil ? unknownText : nil,
      stext,
    ].compactMap { $0 }
  }
}

/// Where the kernel is: by `/proc/kcore`, which has `_text` to `_end`; else by `/proc/iomem`, which
/// begins with `_stext` on some architectures.
private struct KernelPlace {
  let text: CoreHeader.KernelText
  let evidence: [Evidence]
  /// How far `_text` is before the start in `/proc/iomem`; nil where that is `_text`.
  let stextOffset: (bytes: UInt64, rule: Rule)?

  init?(
    _ facts: MachineSnapshot, _ rules: CoreRules, _ core: CoreSegments,
    _ sources: [KernelLayout.Source]
  ) throws(KexecError) {
    var stextOffset: (bytes: UInt64, rule: Rule)?
    let usesImage = facts.kernelText == nil && facts.kernelImage != nil
    if let given = facts.kernelText {
      text = given
    } else if let segment = core.text, let range = segment.memory {
      text = CoreHeader.KernelText(virtualAddress: segment.virtualAddress, range: range)
      // `/proc/iomem` may begin with `_stext` in place of `_text`.
      if let image = facts.kernelImage,
        max(range.start, image.start) - min(range.start, image.start) >= 2 << 20
      {
        throw .contradiction(
          "kernel image",
          [
            Evidence("kernel image", "\(range)", "/proc/kcore"),
            Evidence("kernel image", "\(image)", "/proc/iomem"),
          ])
      }
    } else if let offset = sources.first?.offset, let image = facts.kernelImage {
      if let known = rules.stextOffset, image.start >= known.bytes,
        facts.vmcoreinfo?.symbol("_stext") == image.start &+ offset
      {
        stextOffset = known
      }
      let start = image.start - (stextOffset?.bytes ?? 0)
      guard
        let range = PhysicalRange(start: start, end: image.end)?
          .roundedOutward(to: rules.imageAlignment)
      else { return nil }
      text = CoreHeader.KernelText(virtualAddress: range.start &+ offset, range: range)
    } else {
      return nil
    }
    self.stextOffset = stextOffset
    let place = "\(hex(text.virtualAddress)) at \(text.range)"
    let image = facts.kernelImage.map { [Evidence("kernel image", "\($0)", "/proc/iomem")] } ?? []
    evidence = sources.map { Evidence("kernel text", place, $0.name) } + (usesImage ? image : [])
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

  /// The segment that holds `_stext`; without that symbol, one inside the memory of another segment. In either
  /// case it is mapped outside of the linear map.
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
