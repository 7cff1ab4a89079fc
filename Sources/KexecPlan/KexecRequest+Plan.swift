// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import IMA
import KernelImage
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import KexecTree
import PhysicalMemory

extension KexecRequest {
  /// Refuses what no plan can be made of, and finds the rules of the architecture.
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
        Finding("kernel", "its segments share bytes of the file", rule: rules.kernelRule)
      ])
    }
    try checkIMABuffer(for: kernel, rules)
    try checkExtras()
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
        reason: "a kernel without a tree cannot be told what to reserve")
    }
  }

  private func checkIMABuffer(
    for kernel: KernelImage, _ rules: PlacementRules
  ) throws(KexecError) {
    guard let buffer = bytes(of: .imaBuffer) else { return }
    guard rules.imaBuffer != nil else { throw .noIMABuffer(on: architecture) }
    guard purpose == .kexec else { throw .noIMABufferForCrash }
    let check = IMABufferCheck(SegmentContent(buffer), kernel.byteOrder)
    if let problem = check.problem {
      throw .badContent(of: .imaBuffer, reason: problem, IMABufferCheck.rule)
    }
    let half = machine.halfOfMemory
    let size =
      MeasurementBuffer.segmentSize(of: buffer.count, pageSize: machine.largestPageSize) ?? .max
    guard half.map({ size <= $0 }) != false else {
      throw .badContent(
        of: .imaBuffer, reason: "\(size) bytes of memory are more than half of RAM, \(half ?? 0)",
        .linux("security/integrity/ima/ima_kexec.c", "ima_add_kexec_buffer"))
    }
  }

  /// A plan finds the places itself, for what it knows the ways of.
  private func checkBytes() throws(KexecError) {
    guard usableMemory.isEmpty else {
      throw KexecError(
        .usage, "a crash kernel gets all memory that the machine has set apart",
        about: .usableMemory)
    }
    for (number, input) in inputs.enumerated() {
      guard case .bytes(let bytes) = input.content, input.input != .backup else {
        throw .badPart(input.input, reason: "has an address; a plan finds one", .caller)
      }
      guard input.input.segment != nil else {
        throw .badPart(input.input, reason: "no plan hands it over", input.input.writer)
      }
      if input.input.isExtra {
        guard !bytes.isEmpty else { throw .badPart(input.input, reason: "without a byte", .caller) }
      } else if inputs[..<number].contains(where: { $0.input == input.input }) {
        throw .badPart(input.input, reason: "there are two of it", .caller)
      }
    }
  }
}

extension KexecRequest {
  /// The running kernel's own tree, or what is known of it.
  var liveTree: DeviceTree { machine.liveTree ?? tree ?? DeviceTree() }

  /// What the machine's own tree gives cause for.
  var warningsOfTree: [Finding] {
    guard let tree else { return [] }
    guard purpose == .kexec else { return tree.warningsOfFirmwareMemory(in: machine) }
    return [tree.warningOfInterruptTables()].compactMap { $0 }
  }

  /// What the edited tree and the caller say of memory.
  func treeMemory(_ edited: EditedTree?) -> (known: PhysicalRangeSet?, kept: [NoRoom.Occupant]) {
    guard let tree = edited?.tree else { return (nil, []) }
    let kept =
      tree.reservations.compactMap(\.memory).map {
        NoRoom.Occupant("a reservation of the tree", $0)
      }
      + tree.reservedMemory().map { NoRoom.Occupant($0.place, $0.range) }
      + reservations.map { NoRoom.Occupant("what is to be reserved", $0) }
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
