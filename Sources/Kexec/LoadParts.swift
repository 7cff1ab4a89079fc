// SPDX-License-Identifier: Apache-2.0

import KernelImage
import PhysicalMemory

/// The parts of one plan: how large they are, and what they are made of once their places are known.
struct LoadParts {
  let request: LoadRequest
  let architecture: Architecture
  let rules: PlacementRules
  let machine: MachineFacts
  /// The core header of a plan for a crash.
  let coreHeader: [UInt8]?
  let pageSize: UInt64

  /// Free memory for the control pages of a crash image, which the kernel takes from what the segments
  /// leave of the main region; more than any architecture asks for
  /// (`kernel/kexec_core.c:kimage_alloc_crash_control_pages`).
  static let controlPages: UInt64 = 1 << 20
  /// What they are called.
  static let controlPagesName = "control pages"

  /// Gives the kernel the lowest place from an address on.
  func placeKernel(
    from lowest: UInt64, _ placing: inout Placing
  ) throws(PlanError) -> PhysicalRange {
    let image = request.kernel
    guard let window = PhysicalRange(start: lowest, end: rules.addressLimit.value) else {
      throw .addressTooHigh(lowest, rules.addressLimit)
    }
    // What passes 64 bits has no place anywhere.
    let (size, overflow) = image.textOffset.addingReportingOverflow(image.memorySize)
    let place = try placing.place(
      .kernel(0), size: overflow ? .max : size, alignment: image.alignment, .upward,
      within: window, rule: rules.kernelRule)
    return placing.shiftLast(by: image.textOffset) ?? place
  }

  /// The kernel's pieces, once all has its place.
  ///
  /// - Throws: ``PlanError/notAccepted(_:)`` for more pieces than a plan has segments.
  func kernelSegments(at address: UInt64) throws(PlanError) -> [LoadPlan.Segment] {
    let pieces = KernelPieces(request.kernel, request.kernelBytes, at: address, pageSize)
    guard pieces.ranges.count <= SegmentCheck.mostSegments else {
      throw .notAccepted([
        Finding(
          "kernel",
          "\(pieces.ranges.count) pieces; a plan has \(SegmentCheck.mostSegments) segments",
          rule: .linux("kernel/kexec.c", "do_kexec_load"))
      ])
    }
    return zip(pieces.ranges, pieces.contents).enumerated().map { number, piece in
      LoadPlan.Segment(part: .kernel(number), range: piece.0, bytes: piece.1)
    }
  }

  /// Gives everything else its place, and makes what is made here.
  func placeOthers(
    around kernel: PhysicalRange, _ placing: inout Placing
  ) throws(PlanError) -> (NextTree, [LoadPlan.Segment]) {
    var places: [LoadPart: PhysicalRange] = [:]
    var segments: [LoadPlan.Segment] = []
    var tree: NextTree?
    for step in rules.steps {
      let bytes: [UInt8]?
      switch step.part {
      case .kernel: continue
      case .coreHeader: bytes = coreHeader
      case .initrd: bytes = request.initrd
      case .tree:
        tree = try nextTree(places)
        bytes = tree?.blob
      case .trampoline:
        bytes = rules.trampoline?(
          kernel.start + request.kernel.entry, places[.tree]?.start ?? 0, machine.byteOrder)
      }
      guard let bytes else { continue }
      let place = try placing.place(step, size: UInt64(bytes.count), around: kernel, rules)
      places[step.part] = place
      segments.append(LoadPlan.Segment(part: step.part, range: place, bytes: bytes))
    }
    if coreHeader != nil {
      try placing.checkRoom(for: Self.controlPagesName, size: Self.controlPages)
    }
    guard let tree else { preconditionFailure("every architecture places a tree") }
    return (tree, segments)
  }

  /// The tree for what has a place already.
  private func nextTree(_ places: [LoadPart: PhysicalRange]) throws(PlanError) -> NextTree {
    let handover = Handover(
      commandLine: request.commandLine, initrd: exact(request.initrd, places[.initrd]),
      reservations: request.reservations, seeds: request.seeds,
      crash: exact(coreHeader, places[.coreHeader]).map {
        CrashHandover(coreHeader: $0, usableMemory: machine.crashRegions)
      })
    return try NextTree(
      from: request.tree, edits: request.edits, for: architecture, handover: handover,
      machine: machine)
  }

  /// The bytes of a part, without the rest of its last page.
  private func exact(_ bytes: [UInt8]?, _ place: PhysicalRange?) -> PhysicalRange? {
    guard let bytes, let place else { return nil }
    return PhysicalRange(start: place.start, size: UInt64(bytes.count))
  }
}

extension Placing {
  fileprivate mutating func place(
    _ step: PlacementRules.Step, size: UInt64, around kernel: PhysicalRange,
    _ rules: PlacementRules
  ) throws(PlanError) -> PhysicalRange {
    let all = PhysicalRange(start: 0, end: rules.addressLimit.value)
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
