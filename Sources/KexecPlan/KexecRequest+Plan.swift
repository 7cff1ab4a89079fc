// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import IMA
import KernelImage
import KexecCheck
import KexecFacts
import KexecRules
import KexecTree
import PhysicalMemory

extension KexecRequest {
  /// The rules of the architecture, once everything that no plan can be made of is refused.
  func placementRules(for kernel: KernelImage, _ bytes: [UInt8]) throws(KexecError)
    -> PlacementRules
  {
    guard let rules = architecture.placement else {
      throw .unsupported(
        architecture: architecture,
        reason: architecture.planRefusal ?? "no kexec is planned for it yet")
    }
    guard kernel.machine == architecture.machine else {
      throw .otherKernel(kernel.machine, architecture)
    }
    try checkTree()
    guard self.bytes(of: .initrd)?.isEmpty != true else { throw .emptyInitrd }
    guard machine.systemRAM?.isEmpty == false else { throw .missing(.memory) }
    if purpose == .crash {
      guard !machine.crashRegions.isEmpty else { throw .noCrashRegion }
      try CrashHandover.checkUsable(machine.crashRegions, of: .memoryMap)
    }
    guard kernel.segments.reduce(0, { $0 + $1.file.count }) <= bytes.count else {
      throw .notAccepted([
        Finding("kernel", "its segments overlap in the file", rule: rules.kernelRule)
      ])
    }
    try checkInputNames()
    try checkIMABuffer(for: kernel)
    try checkBytes()
    return rules
  }

  private func checkTree() throws(KexecError) {
    guard let reason = architecture.treeRefusal else {
      guard tree != nil else { throw .noTree(architecture) }
      return
    }
    guard edits.isEmpty else { throw .unsupported(architecture: architecture, reason: reason) }
    guard reservations.isEmpty, extras.isEmpty else {
      throw .unsupported(
        architecture: architecture,
        reason: "a kernel without a tree takes no reservations and no extra segments")
    }
  }

  private func checkIMABuffer(for kernel: KernelImage) throws(KexecError) {
    guard let buffer = bytes(of: .imaBuffer) else { return }
    try checkTakesIMABuffer()
    let check = IMABufferCheck(SegmentContent(buffer), kernel.byteOrder)
    if let problem = check.problem {
      throw .badInput(.imaBuffer, problem, IMABufferCheck.rule, .malformedInput)
    }
    let size =
      MeasurementBuffer.segmentSize(of: buffer.count, pageSize: machine.largestPageSize) ?? .max
    if let half = machine.halfOfMemory, size > half {
      throw .badInput(
        .imaBuffer, "\(size) bytes of memory are more than half of RAM, \(half)",
        .linux("security/integrity/ima/ima_kexec.c", "ima_add_kexec_buffer"), .malformedInput)
    }
  }

  /// A plan finds the addresses itself, of the inputs that have a segment.
  private func checkBytes() throws(KexecError) {
    guard usableMemory.isEmpty else {
      throw KexecError(
        .usage, "the crash kernel of a plan gets all memory that the machine has set apart",
        about: .usableMemory)
    }
    for input in inputs {
      guard case .bytes(let bytes) = input.content, input.input != .backup else {
        throw .badInput(input.input, "has an address; a plan finds one", .caller)
      }
      guard input.input.segment != nil else {
        throw .badInput(input.input, "no plan hands it over", input.input.writer)
      }
      guard !input.input.isExtra || !bytes.isEmpty else {
        throw .badInput(input.input, "is empty", .caller)
      }
    }
  }
}

extension KexecRequest {
  /// The running kernel's own tree, or what is known of it.
  var liveTree: DeviceTree { machine.liveTree ?? tree ?? DeviceTree() }

  /// Warnings about the machine's own tree.
  var warningsOfTree: [Finding] {
    guard let tree else { return [] }
    guard purpose == .kexec else { return tree.warningsOfFirmwareMemory(in: machine) }
    return [tree.warningOfInterruptTables()].compactMap { $0 }
  }

  /// The memory that the edited tree has, and that the tree and the caller reserve.
  func treeMemory(_ edited: EditedTree?) -> (known: PhysicalRangeSet?, kept: [NoRoom.Occupant]) {
    guard let tree = edited?.tree else { return (nil, []) }
    let kept =
      tree.reservations.compactMap(\.memory).map {
        NoRoom.Occupant("a memory reservation of the tree", $0)
      }
      + tree.reservedMemory().map { NoRoom.Occupant($0.place, $0.range) }
      + reservations.map { NoRoom.Occupant("a requested reservation", $0) }
    return (tree.knownMemory, kept)
  }
}

extension DeviceTree {
  /// The RAM that a kernel finds in the tree; nil where it is UEFI's to say, or firmware's to fill in.
  fileprivate var knownMemory: PhysicalRangeSet? {
    guard !isOfUEFI, let cells = try? cellCounts(of: "/") else { return nil }
    let ram = memoryNodes(cells, named: "").flatMap(\.ranges) + dynamicMemory()
    return ram.isEmpty ? nil : PhysicalRangeSet(ram)
  }
}
