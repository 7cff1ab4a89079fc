// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import PhysicalMemory

/// Checks segments as kexec_load(2) does, and what it leaves to user space.
///
/// Source: `kernel/kexec_core.c:sanity_check_segment_list`. The kernel does not care whether the
/// destinations of an ordinary kexec are memory at all, nor whether the entry is in a segment.
struct SegmentCheck {
  let architecture: Architecture
  let isForCrash: Bool
  let machine: MachineFacts
  /// No segment may lie at this address or above.
  private let limit: Architecture.Limit?
  /// Memory that nothing may be written to, whatever the plan is for.
  private let firmware: [NoRoom.Occupant]

  /// A segment of a plan that was made, or read from a folder.
  struct Segment {
    let name: String
    let range: PhysicalRange
    /// The bytes at its start.
    let content: LoadContent
  }

  /// - Parameter tree: the plan's; the running kernel's own, where it is known, knows better.
  init(
    _ architecture: Architecture, isForCrash: Bool, _ machine: MachineFacts,
    tree: DeviceTree = DeviceTree()
  ) {
    self.architecture = architecture
    self.isForCrash = isForCrash
    self.machine = machine
    let rules = architecture.placement
    limit = rules?.limit(by: tree, on: machine)
    firmware = rules?.firmware(machine.liveTree ?? tree) ?? []
  }

  /// The most segments that a kernel takes: `KEXEC_SEGMENT_MAX`.
  static let mostSegments = 16

  /// What is wrong; nothing when the kernel takes the plan and it does what it should.
  func findings(in segments: [Segment], entry: UInt64) -> [Finding] {
    count(segments) + crashRegion + segments.flatMap(pages) + overlaps(segments) + size(segments)
      + (isForCrash ? segments.flatMap(region) : segments.flatMap(memory))
      + segments.flatMap(keptByFirmware)
      + self.entry(entry, segments) + magicNumbers(segments)
  }
}

extension SegmentCheck {
  private static func kernel(_ function: String) -> Rule { .linux("kernel/kexec_core.c", function) }
  private static let sanity = kernel("sanity_check_segment_list")

  private func count(_ segments: [Segment]) -> [Finding] {
    guard segments.isEmpty || segments.count > Self.mostSegments else { return [] }
    return [
      Finding(
        "plan", "\(segments.count) segments; a kernel takes 1 to \(Self.mostSegments)",
        rule: .linux("kernel/kexec.c", "do_kexec_load"))
    ]
  }

  private func pages(_ segment: Segment) -> [Finding] {
    var findings: [Finding] = []
    let pageSize = machine.possiblePageSizes[0]
    if segment.range.start % pageSize != 0 || segment.range.end % pageSize != 0 {
      findings.append(
        Finding(
          segment.name, "\(segment.range) is not of whole pages of \(pageSize) bytes",
          rule: Self.sanity))
    }
    if UInt64(segment.content.size) > segment.range.size {
      findings.append(
        Finding(
          segment.name, "\(segment.content.size) bytes in \(segment.range.size) of memory",
          rule: Self.sanity))
    }
    if let limit, segment.range.end > limit.value {
      findings.append(
        Finding(segment.name, "\(segment.range) passes \(hex(limit.value))", rule: limit.rule))
    }
    return findings
  }

  private func overlaps(_ segments: [Segment]) -> [Finding] {
    let sorted = segments.sorted { $0.range < $1.range }
    return zip(sorted, sorted.dropFirst()).filter { $0.range.overlaps($1.range) }.map {
      Finding($0.name, "\($0.range) overlaps \($1.name) at \($1.range)", rule: Self.sanity)
    }
  }

  /// The kernel counts what its allocator has; here that is RAM without what is set apart.
  private func size(_ segments: [Segment]) -> [Finding] {
    guard let half = machine.halfOfMemory else { return [] }
    let sum = segments.reduce(0 as UInt64) { sum, segment in
      let (sum, overflow) = sum.addingReportingOverflow(segment.range.size)
      return overflow ? .max : sum
    }
    guard sum > half else { return [] }
    return [
      Finding(
        "plan", "\(sum) bytes of memory; a kernel takes up to half of its RAM, \(half)",
        rule: Self.sanity)
    ]
  }

  private var crashRegion: [Finding] {
    guard isForCrash, machine.systemRAM != nil, machine.crashRegions.isEmpty else { return [] }
    return [
      Finding("plan", "this machine has no memory set apart for a crash kernel", rule: Self.sanity)
    ]
  }

  private func region(_ segment: Segment) -> [Finding] {
    guard let region = machine.crashRegions.first else { return [] }
    guard !region.contains(segment.range) else { return [] }
    return [
      Finding(
        segment.name, "\(segment.range) is not in the main crash region, \(region)",
        rule: Self.sanity)
    ]
  }

  /// What the kernel does not check for an ordinary kexec: a wrong address is written to.
  private func memory(_ segment: Segment) -> [Finding] {
    guard let ram = machine.systemRAM else { return [] }
    guard PhysicalRangeSet(ram).contains(segment.range) else {
      return [
        Finding(
          segment.name,
          "\(segment.range) is not all RAM: the kernel would write there all the same",
          rule: Self.kernel("kimage_load_normal_segment"))
      ]
    }
    let kept =
      machine.crashRegions.map { ("a crash region", $0) }
      + machine.reserved.map { ("memory that the running kernel reserved", $0) }
    return kept.filter { segment.range.overlaps($0.1) }.prefix(1).map { name, range in
      Finding(
        segment.name, "\(segment.range) is in \(name), \(range)",
        rule: .linux("kernel/kexec_file.c", "kexec_walk_memblock"))
    }
  }

  private func keptByFirmware(_ segment: Segment) -> [Finding] {
    firmware.filter { segment.range.overlaps($0.range) }.prefix(1).map {
      Finding(
        segment.name, "\(segment.range) overlaps \($0.name), \($0.range)",
        rule: architecture.placement?.firmwareRule ?? .caller)
    }
  }

  private func entry(_ entry: UInt64, _ segments: [Segment]) -> [Finding] {
    let holder = segments.first { $0.range.start <= entry && entry < $0.range.end }
    guard holder == nil else { return [] }
    return [
      Finding(
        "entry", "\(hex(entry)) is in no segment: the kernel would jump there all the same",
        rule: .linux("kernel/kexec.c", "kimage_alloc_init"))
    ]
  }

  /// Kernels find some segments by their first bytes.
  private func magicNumbers(_ segments: [Segment]) -> [Finding] {
    let elf: [UInt8] = [0x7f, 0x45, 0x4c, 0x46]
    let tree: [UInt8] = [0xd0, 0x0d, 0xfe, 0xed]
    var findings: [Finding] = []
    for segment in segments {
      if isForCrash, segment.name != LoadPart.coreHeader.name,
        segment.content.start.starts(with: elf)
      {
        findings.append(
          Finding(
            segment.name, "begins like the core header, which kernels look for",
            rule: .linux("kernel/crash_core.c", "crash_handle_hotplug_event")))
      }
      if let rules = architecture.commandLineRules, segment.name != LoadPart.commandLine.name,
        segment.content.start.starts(with: rules.start.utf8)
      {
        findings.append(
          Finding(
            segment.name, "begins like the command line, which the kernel looks for",
            rule: rules.reader))
      }
      if segment.name != LoadPart.tree.name, segment.content.start.starts(with: tree) {
        findings.append(
          Finding(
            segment.name, "begins like a device tree, which some kernels look for",
            rule: .linux("arch/riscv/kernel/machine_kexec.c", "machine_kexec_prepare")))
      }
    }
    return findings
  }
}

extension MachineFacts {
  /// Half of the RAM that is neither reserved nor a crash kernel's, in bytes: what a kernel takes up to.
  var halfOfMemory: UInt64? {
    guard let ram = systemRAM else { return nil }
    return PhysicalRangeSet(ram).subtracting(PhysicalRangeSet(reserved + crashRegions)).size / 2
  }
}
