// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import IMA
import KernelImage
import PhysicalMemory

/// The parts of one plan: how large they are, and what they are made of once their places are known.
struct LoadParts {
  let request: LoadRequest
  let architecture: Architecture
  let rules: PlacementRules
  let machine: MachineSnapshot
  /// The core header of a plan for a crash, before it is known where the backup goes: of the same size.
  let coreHeader: LoadedCoreHeader?
  let pageSize: UInt64
  /// No part may lie at this address or above.
  let limit: Architecture.Limit

  /// Gives the kernel the lowest place from an address on.
  func placeKernel(
    from lowest: UInt64, _ placing: inout Placing
  ) throws(KexecError) -> PhysicalRange {
    let image = request.kernel
    guard let window = PhysicalRange(start: lowest, end: limit.value) else {
      throw .addressTooHigh(lowest, limit)
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
  /// - Throws: ``KexecError/notAccepted(_:)`` for more pieces than a plan has segments.
  func kernelSegments(at address: UInt64) throws(KexecError) -> [LoadPlan.Segment] {
    let pieces = KernelPieces(request.kernel, request.kernelBytes, at: address, pageSize)
    guard pieces.ranges.count <= PlacementRules.mostSegments else {
      throw .notAccepted([
        Finding(
          "kernel",
          "\(pieces.ranges.count) pieces; a plan has \(PlacementRules.mostSegments) segments",
          rule: .linux("kernel/kexec.c", "do_kexec_load"))
      ])
    }
    return zip(pieces.ranges, pieces.contents).enumerated().map { number, piece in
      LoadPlan.Segment(part: .kernel(number), range: piece.0, bytes: piece.1)
    }
  }

  /// Everything but the kernel, and what is told of it.
  struct Others {
    let told: Told
    let coreHeader: LoadedCoreHeader?
    let segments: [LoadPlan.Segment]
  }

  /// What the next kernel is told, by a tree or on its command line, once it is known where all it is told of
  /// lies.
  struct Told {
    var tree: NextTree?
    var commandLine: NextCommandLine?
  }

  /// Gives IMA's list its place, before the kernel has one.
  func placeMeasurements(_ placing: inout Placing) throws(KexecError) {
    guard let step = rules.measurements, let size = size(of: .measurements, Told()) else { return }
    let image = request.kernel
    let (extent, overflow) = image.textOffset.addingReportingOverflow(image.memorySize)
    guard let kernel = PhysicalRange(start: 0, size: overflow ? .max : extent) else { return }
    _ = try placing.place(step, size: size, around: kernel, limit)
  }

  /// How everything but the kernel gets its place: the caller's own before the tree, which tells of it.
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
  func placeOthers(
    around kernel: PhysicalRange, _ placing: inout Placing
  ) throws(KexecError) -> Others {
    let first = placing.placements.first { $0.part == .measurements }
    var places = first.map { [$0.part: $0.range] } ?? [:]
    var told = Told()
    for step in steps {
      if step.part == .tree { told.tree = try nextTree(places) }
      if step.part == .commandLine { told.commandLine = try nextCommandLine(places) }
      guard let size = size(of: step.part, told) else { continue }
      places[step.part] = try placing.place(step, size: size, around: kernel, limit)
    }
    if coreHeader != nil { try placing.checkRoomForControlPages() }
    let header = try finishedCoreHeader(places[.backup])
    return Others(
      told: told, coreHeader: header,
      segments: places.map { part, range in
        LoadPlan.Segment(
          part: part, range: range, bytes: bytes(of: part, told, header, kernel, places))
      })
  }

  /// Bytes of memory that a part needs; nil for one that is not in this plan.
  private func size(of part: LoadPart, _ told: Told) -> UInt64? {
    let size: Int? =
      switch part {
      case .kernel: nil
      case .backup: coreHeader.flatMap { _ in backedUp }
      case .coreHeader: coreHeader?.bytes.count
      case .initrd: request.initrd?.count
      case .tree: told.tree?.blob.count
      case .commandLine: told.commandLine?.bytes.count
      case .trampoline: rules.trampoline?.size
      case .measurements:
        request.measurements.flatMap {
          MeasurementBuffer.segmentSize(of: $0.count, pageSize: pageSize).map { Int($0) }
        }
      case .extra(let number): request.extras[number].bytes.count
      }
    return size.map(UInt64.init)
  }

  private var backedUp: Int? { architecture.coreRules?.backedUp.map { Int($0.size) } }
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
