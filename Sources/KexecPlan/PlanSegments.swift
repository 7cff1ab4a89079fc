// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import IMA
import KernelImage
import KexecFacts
import KexecRules
import KexecTree
import PhysicalMemory

/// The segments of one plan: their sizes, and their bytes once they have addresses.
struct PlanSegments {
  let request: KexecRequest
  /// The request's tree before the hand-over; nil where the next kernel takes none.
  let edited: EditedTree?
  let kernel: KernelImage
  let kernelBytes: [UInt8]
  let rules: PlacementRules
  /// The core header of a plan for a crash, with a preliminary address of the backup.
  let coreHeader: PlannedCoreHeader?
  let pageSize: UInt64
  /// No segment may end above this address.
  let limit: Architecture.Limit

  /// Gives the kernel the lowest place from an address on.
  func placeKernel(
    from lowest: UInt64, _ placing: inout Placing
  ) throws(KexecError) -> PhysicalRange {
    guard let window = PhysicalRange(start: lowest, end: limit.value) else {
      throw KexecError(
        .malformedInput, "the kernel is linked for \(hex(lowest)), above \(hex(limit.value))",
        about: .kernel, rule: limit.rule)
    }
    let place = try placing.place(
      .kernel(0), size: kernelSize, alignment: kernel.alignment, .upward,
      within: window, rule: rules.kernelRule)
    return placing.shiftLast(by: kernel.textOffset) ?? place
  }

  /// Bytes from the kernel's aligned base to its end; saturates.
  private var kernelSize: UInt64 {
    let (size, overflow) = kernel.textOffset.addingReportingOverflow(kernel.memorySize)
    return overflow ? .max : size
  }

  /// - Throws: `KexecError.notAccepted(_:)` for more segments than a plan may have.
  func kernelSegments(at address: UInt64) throws(KexecError) -> [KexecPlan.Segment] {
    let segments = KernelSegments(kernel, kernelBytes, at: address, pageSize).all
    guard segments.count <= PlacementRules.mostSegments else {
      throw .notAccepted([
        Finding(
          "kernel",
          "\(segments.count) segments; a plan has at most \(PlacementRules.mostSegments)",
          rule: .linux("kernel/kexec.c", "do_kexec_load"))
      ])
    }
    return segments.enumerated().map { number, segment in
      KexecPlan.Segment(kind: .kernel(number), range: segment.range, bytes: segment.bytes)
    }
  }

  /// Everything but the kernel; tree or command line are made when all that they name has an address.
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

  /// How the rest gets its place: extras before the tree, which names them.
  private var steps: [PlacementRules.Step] {
    rules.steps.flatMap { step in
      guard step.kind == .tree else { return [step] }
      let extras = request.extras.indices.map {
        PlacementRules.Step(.extra($0), .downward, rule: .caller, window: step.window)
      }
      return extras + [step]
    }
  }

  /// Gives everything else its place, and makes tree or command line, and core header.
  func placeRest(
    around kernel: PhysicalRange, _ placing: inout Placing
  ) throws(KexecError) -> Rest {
    let first = placing.placements.first { $0.kind == .imaBuffer }
    var places = first.map { [$0.kind: $0.range] } ?? [:]
    var rest = Rest(coreHeader: coreHeader)
    for step in steps {
      if step.kind == .tree, let edited { rest.tree = try NextTree(placed(places), edited) }
      if step.kind == .commandLine, let rules = request.architecture.commandLineRules {
        rest.commandLine = try NextCommandLine(placed(places), rules)
      }
      guard let size = size(of: step.kind, rest) else { continue }
      places[step.kind] = try placing.place(step, size: size, around: kernel, limit)
    }
    if coreHeader != nil { try placing.checkRoomForControlPages() }
    // The core header has the address of the backup.
    if let backup = places[.backup] {
      rest.coreHeader = try request.coreHeader(backup: backup.start)
    }
    rest.segments = places.map { kind, range in
      KexecPlan.Segment(kind: kind, range: range, bytes: bytes(of: kind, rest, kernel, places))
    }
    return rest
  }

  /// Bytes of memory that a segment needs; nil for one that is not in this plan.
  private func size(of kind: SegmentKind, _ rest: Rest) -> UInt64? {
    let size: Int? =
      switch kind {
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
      case .input, .extra: inputBytes(kind)?.count
      }
    return size.map(UInt64.init)
  }

  private func bytes(
    of kind: SegmentKind, _ rest: Rest, _ kernel: PhysicalRange,
    _ places: [SegmentKind: PhysicalRange]
  ) -> [UInt8] {
    switch kind {
    case .kernel: []
    case .tree: rest.tree?.blob ?? []
    case .commandLine: rest.commandLine?.bytes ?? []
    case .trampoline: trampoline(kernel, places)
    case .coreHeader: rest.coreHeader?.bytes ?? []
    case .input, .extra: inputBytes(kind) ?? []
    }
  }

  private func trampoline(
    _ place: PhysicalRange, _ places: [SegmentKind: PhysicalRange]
  ) -> [UInt8] {
    guard let trampoline = rules.trampoline else { return [] }
    var start = Trampoline.Start(
      kernel: place.start + (rules.startsAtFirstByte ? 0 : kernel.entry),
      tree: places[.tree]?.start ?? 0)
    start.isForCrash = request.purpose == .crash
    start.backup = places[.backup]?.start ?? 0
    start.firmware = request.liveTree.opalCall
    start.head = kernelBytes[kernel.segments.first?.file ?? 0..<0]
    start.kernelOrder = kernel.byteOrder
    return trampoline.bytes(start, request.machine.byteOrder)
  }

  /// The request with the addresses known so far: to the exact size of the bytes, but for IMA's buffer,
  /// which the next kernel frees in whole pages.
  private func placed(_ places: [SegmentKind: PhysicalRange]) -> KexecRequest {
    var placed = request
    let extras = request.extras.enumerated().map { ($1.input, SegmentKind.extra($0)) }
    let rows = KexecInput.all.map { ($0, SegmentKind.input($0)) } + extras
    placed.inputs = rows.compactMap { input, kind in
      guard let place = places[kind] else { return nil }
      let bytes = kind == .coreHeader ? coreHeader?.bytes : inputBytes(kind)
      let size = kind == .imaBuffer ? nil : bytes?.count
      let exact = size.flatMap { PhysicalRange(start: place.start, size: UInt64($0)) }
      return KexecRequest.Input(input, .at(exact ?? place))
    }
    return placed
  }

  private func inputBytes(_ kind: SegmentKind) -> [UInt8]? {
    switch kind {
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
        noRoom(for: "\(step.kind)", size: size, alignment: step.alignment, within: kernel))
    }
    return try place(
      step.kind, size: size, alignment: step.alignment, step.direction, within: window,
      rule: step.rule)
  }
}
