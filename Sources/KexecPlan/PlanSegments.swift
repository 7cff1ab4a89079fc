// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import IMA
import KernelImage
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
import PhysicalMemory

/// The segments of one plan: how large they are, and what they are made of once their places are known.
struct PlanSegments {
  let request: KexecRequest
  /// The request's tree before the hand-over; nil where the next kernel takes none.
  let edited: EditedTree?
  let kernel: KernelImage
  let kernelBytes: [UInt8]
  let rules: PlacementRules
  /// The core header of a plan for a crash, before it is known where the backup goes: of the same size.
  let coreHeader: PlannedCoreHeader?
  let pageSize: UInt64
  /// No segment may lie at this address or above.
  let limit: Architecture.Limit

  /// Gives the kernel the lowest place from an address on.
  func placeKernel(
    from lowest: UInt64, _ placing: inout Placing
  ) throws(KexecError) -> PhysicalRange {
    guard let window = PhysicalRange(start: lowest, end: limit.value) else {
      throw .addressTooHigh(lowest, limit)
    }
    let place = try placing.place(
      .kernel(0), size: kernelSize, alignment: kernel.alignment, .upward,
      within: window, rule: rules.kernelRule)
    return placing.shiftLast(by: kernel.textOffset) ?? place
  }

  /// Bytes from the kernel's aligned base to its end; what passes 64 bits has no place anywhere.
  private var kernelSize: UInt64 {
    let (size, overflow) = kernel.textOffset.addingReportingOverflow(kernel.memorySize)
    return overflow ? .max : size
  }

  /// The kernel's segments, once all has its place.
  ///
  /// - Throws: `KexecError.notAccepted(_:)` for more than a plan has.
  func kernelSegments(at address: UInt64) throws(KexecError) -> [KexecPlan.Segment] {
    let split = KernelSegments(kernel, kernelBytes, at: address, pageSize)
    guard split.ranges.count <= PlacementRules.mostSegments else {
      throw .notAccepted([
        Finding(
          "kernel",
          "\(split.ranges.count) pieces; a plan has \(PlacementRules.mostSegments) segments",
          rule: .linux("kernel/kexec.c", "do_kexec_load"))
      ])
    }
    return zip(split.ranges, split.contents).enumerated().map { number, segment in
      KexecPlan.Segment(part: .kernel(number), range: segment.0, bytes: segment.1)
    }
  }

  /// Everything but the kernel, and what the next kernel gets: a tree or a command line, made once it is known
  /// where everything in it lies.
  struct Rest {
    var tree: NextTree?
    var commandLine: NextCommandLine?
    var coreHeader: PlannedCoreHeader?
    var segments: [KexecPlan.Segment] = []
  }

  /// Gives IMA's buffer its place, before the kernel has one.
  func placeIMABuffer(_ placing: inout Placing) throws(KexecError) {
    guard let step = rules.imaBuffer, let size = size(of: .imaBuffer, Rest()),
      let extent = PhysicalRange(start: 0, size: kernelSize)
    else { return }
    _ = try placing.place(step, size: size, around: extent, limit)
  }

  /// How the rest gets its place: the caller's own before the tree, which names it.
  private var steps: [PlacementRules.Step] {
    guard let index = rules.steps.firstIndex(where: { $0.part == .tree }) else {
      return rules.steps
    }
    let window = rules.steps[index].window
    let extras = request.extras.indices.map {
      PlacementRules.Step(.extra($0), .downward, rule: .caller, window: window)
    }
    var steps = rules.steps
    steps.insert(contentsOf: extras, at: index)
    return steps
  }

  /// Gives everything else its place, and makes what is made here.
  func placeRest(
    around kernel: PhysicalRange, _ placing: inout Placing
  ) throws(KexecError) -> Rest {
    let first = placing.placements.first { $0.part == .imaBuffer }
    var places = first.map { [$0.part: $0.range] } ?? [:]
    var rest = Rest(coreHeader: coreHeader)
    for step in steps {
      if step.part == .tree { rest.tree = try nextTree(places) }
      if step.part == .commandLine { rest.commandLine = try nextCommandLine(places) }
      guard let size = size(of: step.part, rest) else { continue }
      places[step.part] = try placing.place(step, size: size, around: kernel, limit)
    }
    if coreHeader != nil { try placing.checkRoomForControlPages() }
    // The core header says where the backup is.
    if let backup = places[.backup] {
      rest.coreHeader = try request.coreHeader(backup: backup.start)
    }
    rest.segments = places.map { part, range in
      KexecPlan.Segment(part: part, range: range, bytes: bytes(of: part, rest, kernel, places))
    }
    return rest
  }

  /// Bytes of memory that a segment needs; nil for one that is not in this plan.
  private func size(of part: SegmentKind, _ rest: Rest) -> UInt64? {
    let size: Int? =
      switch part {
      case .kernel: nil
      case .tree: rest.tree?.blob.count
      case .commandLine: rest.commandLine?.bytes.count
      case .trampoline: rules.trampoline?.size
      case .backup:
        coreHeader == nil ? nil : request.architecture.coreRules?.backedUp.map { Int($0.size) }
      case .coreHeader: coreHeader?.bytes.count
      case .imaBuffer:
        request.bytes(of: .imaBuffer).flatMap {
          MeasurementBuffer.segmentSize(of: $0.count, pageSize: pageSize).map { Int($0) }
        }
      case .input, .extra: inputBytes(part)?.count
      }
    return size.map(UInt64.init)
  }

  /// The bytes of an input of the request.
  func inputBytes(_ part: SegmentKind) -> [UInt8]? {
    switch part {
    case .input(let input): return request.bytes(of: input)
    case .extra(let number):
      guard case .bytes(let bytes) = request.extras[number].content else { return nil }
      return bytes
    default: return nil
    }
  }
}

extension Placing {
  fileprivate mutating func place(
    _ step: PlacementRules.Step, size: UInt64, around kernel: PhysicalRange,
    _ limit: Architecture.Limit
  ) throws(KexecError) -> PhysicalRange {
    let all = PhysicalRange(start: 0, end: limit.value)
    guard let window = step.window(kernel).flatMap({ window in all.flatMap(window.intersection) })
    else {
      throw .noRoom(
        noRoom(for: "\(step.part)", size: size, alignment: step.alignment, within: kernel))
    }
    return try place(
      step.part, size: size, alignment: step.alignment, step.direction, within: window,
      rule: step.rule)
  }
}
