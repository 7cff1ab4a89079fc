// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KernelImage
import PhysicalMemory

// What the parts of a plan are made of, once it is known where they lie.
extension LoadParts {
  /// The bytes of a part that has a place.
  func bytes(
    of part: LoadPart, _ told: Told, _ header: LoadedCoreHeader?, _ kernel: PhysicalRange,
    _ places: [LoadPart: PhysicalRange]
  ) -> [UInt8] {
    switch part {
    case .kernel, .backup: []
    case .coreHeader: header?.bytes ?? []
    case .initrd: request.initrd ?? []
    case .tree: told.tree?.blob ?? []
    case .commandLine: told.commandLine?.bytes ?? []
    case .trampoline: trampoline(kernel, places)
    case .measurements: request.measurements ?? []
    case .extra(let number): request.extras[number].bytes
    }
  }

  /// The core header says where the backup is.
  func finishedCoreHeader(
    _ backup: PhysicalRange?
  ) throws(KexecError) -> LoadedCoreHeader? {
    guard let backup else { return coreHeader }
    return try request.coreHeader(for: architecture, backup: backup.start, on: machine)
  }

  private func trampoline(
    _ kernel: PhysicalRange, _ places: [LoadPart: PhysicalRange]
  ) -> [UInt8] {
    guard let trampoline = rules.trampoline else { return [] }
    let image = request.kernel
    var start = Trampoline.Start(
      kernel: kernel.start + (rules.startsAtFirstByte ? 0 : image.entry),
      tree: places[.tree]?.start ?? 0)
    start.isForCrash = coreHeader != nil
    start.backup = places[.backup]?.start ?? 0
    start.firmware = request.liveTree(on: machine).opalCall
    start.head = request.kernelBytes[image.segments.first?.file ?? 0..<0]
    start.kernelOrder = image.byteOrder
    return trampoline.bytes(start, machine.byteOrder)
  }

  /// The tree for what has a place already.
  func nextTree(_ places: [LoadPart: PhysicalRange]) throws(KexecError) -> NextTree {
    guard let tree = request.tree else { throw .noTree(architecture) }
    return try NextTree(
      from: tree, edits: request.edits, for: architecture, handover: handover(places),
      machine: machine)
  }

  /// The command line for what has a place already.
  func nextCommandLine(
    _ places: [LoadPart: PhysicalRange]
  ) throws(KexecError) -> NextCommandLine? {
    try architecture.commandLineRules.map { (rules) throws(KexecError) in
      try NextCommandLine(handover(places), for: architecture, rules, on: machine)
    }
  }

  /// What the next kernel is told of what has a place already.
  private func handover(_ places: [LoadPart: PhysicalRange]) -> Handover {
    var handover = Handover(
      commandLine: request.commandLine, initrd: exact(request.initrd, places[.initrd]),
      reservations: request.reservations, seeds: request.seeds,
      crash: exact(coreHeader?.bytes, places[.coreHeader]).map {
        CrashHandover(
          coreHeader: $0, usableMemory: machine.crashRegions, backup: places[.backup]?.start)
      })
    handover.measurements = places[.measurements]
    handover.extras = request.extras.enumerated().compactMap { number, extra in
      exact(extra.bytes, places[.extra(number)]).map {
        ExtraBuffer(name: extra.name, range: $0)
      }
    }
    return handover
  }

  /// The bytes of a part, without the rest of its last page.
  private func exact(_ bytes: [UInt8]?, _ place: PhysicalRange?) -> PhysicalRange? {
    guard let bytes, let place else { return nil }
    return PhysicalRange(start: place.start, size: UInt64(bytes.count))
  }
}
