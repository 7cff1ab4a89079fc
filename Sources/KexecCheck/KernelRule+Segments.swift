// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import DeviceTree
import ELF
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// What kexec_load(2) checks (`kernel/kexec_core.c:sanity_check_segment_list`), and what it leaves to user
  /// space: whether the destinations of an ordinary kexec are memory at all.
  static let segments: [KernelRule] = [
    .init(
      "flags", .plan, at: "flags", "the flags are those of the plan's type and architecture",
      by: .linux("include/uapi/linux/kexec.h", "KEXEC_ON_CRASH")
    ) { plan, reading in
      let number = UInt64(reading.architecture.machine?.rawValue ?? 0) << 16
      let (found, flags) = (plan.manifest.flags, plan.purpose == .crash ? 1 : 0 as UInt64)
      guard found != flags, found != flags | number else { return [] }
      return ["\(hex(found)) for a plan of type \(plan.purpose)"]
    },
    .init(
      "same-architecture", .plan, at: "arch", "the plan is for the machine's architecture",
      by: .linux("kernel/kexec.c", "kexec_load")
    ) { plan, reading in
      guard let machine = plan.core?.machine, machine != reading.architecture.machine
      else { return [] }
      return ["\(reading.architecture), on a machine of another architecture"]
    },
    .init(
      "segment-count", .plan, at: "plan", "there are 1 to 16 segments",
      by: .linux("kernel/kexec.c", "do_kexec_load")
    ) { plan, _ in
      let (count, most) = (plan.segments.count, PlacementRules.mostSegments)
      return 1...most ~= count ? [] : ["\(count) segments; a kernel takes 1 to \(most)"]
    },
    .init(
      "crash-region", .plan, at: "plan", "memory is set apart for a crash kernel", by: sanity,
      for: [.crash]
    ) { _, reading in
      guard reading.machine.systemRAM != nil, reading.machine.crashRegions.isEmpty else {
        return []
      }
      return ["this machine has no memory set apart for a crash kernel"]
    },
    .segment("whole-pages", "a segment is of whole pages", by: sanity) { segment, reading in
      let (range, pageSize) = (segment.range, reading.machine.possiblePageSizes[0])
      guard range.start % pageSize != 0 || range.end % pageSize != 0 else { return nil }
      return "\(range) is not of whole pages of \(pageSize) bytes"
    },
    .segment("bytes-fit", "a segment's bytes fit its memory", by: sanity) { segment, _ in
      let (size, memory) = (segment.content.size, segment.range.size)
      return size > memory ? "\(size) bytes in \(memory) of memory" : nil
    },
    .init(
      "address-limit", .plan, "no segment is above the addresses that kernels reach",
      by: .each { $0.placement?.addressLimit.rule }
    ) { plan, reading in
      let limit = plan.placement.limit(by: reading.liveTree, on: reading.machine)
      return plan.segments.filter { $0.range.end > limit.value }.map {
        Problem("\($0.range) ends above \(hex(limit.value))", at: $0.name, by: limit.rule)
      }
    },
    .init("apart", .plan, "no two segments overlap", by: sanity) { plan, _ in
      let sorted = plan.segments.sorted { $0.range < $1.range }
      return zip(sorted, sorted.dropFirst()).filter { $0.range.overlaps($1.range) }.map {
        Problem("\($0.range) overlaps \($1.name) at \($1.range)", at: $0.name)
      }
    },
    // The kernel counts what its allocator has; here that is RAM without what is set apart.
    .init("half-of-memory", .plan, at: "plan", "all segments take up to half of RAM", by: sanity) {
      plan, reading in
      let sum = plan.segments.reduce(0 as UInt64) { sum, segment in
        let (sum, overflow) = sum.addingReportingOverflow(segment.range.size)
        return overflow ? .max : sum
      }
      guard let half = reading.machine.halfOfMemory, sum > half else { return [] }
      return ["\(sum) bytes of memory; a kernel takes up to half of its RAM, \(half)"]
    },
    .segment(
      "in-crash-region", "each segment is in the main crash region", by: sanity, for: [.crash]
    ) {
      segment, reading in
      guard let region = reading.machine.crashRegions.first, !region.contains(segment.range) else {
        return nil
      }
      return "\(segment.range) is not in the main crash region, \(region)"
    },
    .segment(
      "in-ram", "each segment is in RAM: the kernel writes to any address",
      by: .linux("kernel/kexec_core.c", "kimage_load_normal_segment"), for: [.kexec]
    ) { segment, reading in
      guard reading.machine.isRAM(segment.range) == false else { return nil }
      return "\(segment.range) is not all RAM: the kernel would write there anyway"
    },
    .segment(
      "in-free-ram", "no segment is in a crash region, or in what the running kernel reserved",
      by: .linux("kernel/kexec_file.c", "kexec_walk_memblock"), for: [.kexec]
    ) { segment, reading in
      guard reading.machine.isRAM(segment.range) == true else { return nil }
      let kept =
        reading.machine.crashRegions.map { ("a crash region", $0) }
        + reading.machine.reserved.map { ("memory that the running kernel reserved", $0) }
      return kept.first { segment.range.overlaps($1) }.map { "\(segment.range) is in \($0), \($1)" }
    },
    .init(
      "beside-firmware", .plan, "no segment is in the firmware's memory",
      by: .each { $0.placement?.firmwareRule }
    ) {
      plan, reading in
      let firmware = plan.placement.firmware(reading.liveTree)
      return plan.segments.compactMap { segment in
        firmware.first { segment.range.overlaps($0.range) }.map {
          Problem("\(segment.range) overlaps \($0.name), \($0.range)", at: segment.name)
        }
      }
    },
    .init(
      "control-pages", .plan, at: "plan",
      "the crash region has room for the kernel's control pages",
      by: .linux("kernel/kexec_core.c", "kimage_alloc_crash_control_pages"), for: [.crash]
    ) { plan, reading in
      guard let region = reading.machine.crashRegions.first else { return [] }
      let pageSize = reading.machine.largestPageSize
      let taken = plan.segments.map { NoRoom.Occupant("the \($0.name)", $0.range) }
      let free = PhysicalRangeSet([region]).roundedInward(to: pageSize)
        .subtracting(PhysicalRangeSet(taken.map(\.range)).roundedOutward(to: pageSize))
      guard free.ranges.allSatisfy({ $0.size < PlacementRules.controlPagesSize }) else { return [] }
      let room = NoRoom(
        for: "control pages", size: PlacementRules.controlPagesSize, alignment: pageSize,
        largest: free.ranges.max { $0.size < $1.size }, inTheWay: taken)
      return ["\(room)"]
    },
  ]

  private static let sanity = RuleReader.linux("kernel/kexec_core.c", "sanity_check_segment_list")
}

extension MachineSnapshot {
  /// Whether all of a range is RAM; nil when that is not known.
  fileprivate func isRAM(_ range: PhysicalRange) -> Bool? {
    systemRAM.map { PhysicalRangeSet($0).contains(range) }
  }
}
