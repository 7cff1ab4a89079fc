// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KernelImage
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
import PhysicalMemory

// What the segments of a plan are made of, once it is known where they lie.
extension PlanSegments {
  /// The bytes of a segment that has a place.
  func bytes(
    of part: SegmentKind, _ rest: Rest, _ kernel: PhysicalRange,
    _ places: [SegmentKind: PhysicalRange]
  ) -> [UInt8] {
    switch part {
    case .kernel: []
    case .tree: rest.tree?.blob ?? []
    case .commandLine: rest.commandLine?.bytes ?? []
    case .trampoline: trampoline(kernel, places)
    case .coreHeader: rest.coreHeader?.bytes ?? []
    case .input, .extra: inputBytes(part) ?? []
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

  /// The tree for what has a place already.
  func nextTree(_ places: [SegmentKind: PhysicalRange]) throws(KexecError) -> NextTree? {
    try edited.map { (edited) throws(KexecError) in try NextTree(placed(places), edited) }
  }

  /// The command line for what has a place already.
  func nextCommandLine(
    _ places: [SegmentKind: PhysicalRange]
  ) throws(KexecError) -> NextCommandLine? {
    try request.architecture.commandLineRules.map { (rules) throws(KexecError) in
      try NextCommandLine(placed(places), rules)
    }
  }

  /// The request with places for what has one already: to the exact size of its bytes, but for IMA's buffer,
  /// which the next kernel frees in whole pages.
  private func placed(_ places: [SegmentKind: PhysicalRange]) -> KexecRequest {
    var placed = request
    placed.inputs = []
    func add(_ input: KexecInput, _ part: SegmentKind, size: Int?) {
      guard let place = places[part],
        let range = size.map({ PhysicalRange(start: place.start, size: UInt64($0)) }) ?? place
      else { return }
      placed.inputs.append(.init(input, .at(range)))
    }
    for input in KexecInput.all {
      let bytes = input == .coreHeader ? coreHeader?.bytes : request.bytes(of: input)
      add(input, .input(input), size: input == .imaBuffer ? nil : bytes?.count)
    }
    for (number, extra) in request.extras.enumerated() {
      add(extra.input, .extra(number), size: inputBytes(.extra(number))?.count)
    }
    return placed
  }
}
