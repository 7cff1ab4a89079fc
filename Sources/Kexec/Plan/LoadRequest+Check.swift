// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import IMA
import KernelImage
import PhysicalMemory

extension LoadRequest {
  /// Refuses what no plan can be made of, and finds the rules of the architecture.
  func rules(
    for architecture: Architecture, on machine: MachineSnapshot
  ) throws(KexecError) -> PlacementRules {
    guard let rules = architecture.placement else {
      throw .unsupported(
        architecture: architecture,
        reason: architecture.planRefusal ?? "no kexec is planned for it yet")
    }
    guard kernel.machine == architecture.machine else {
      throw .otherKernel(kernel.machine, architecture)
    }
    if let reason = architecture.treeRefusal {
      guard edits.isEmpty else { throw .unsupported(architecture: architecture, reason: reason) }
      guard reservations.isEmpty, extras.isEmpty else {
        throw .unsupported(
          architecture: architecture,
          reason: "a kernel without a tree cannot be told what to reserve")
      }
    } else {
      guard tree != nil else { throw .noTree(architecture) }
    }
    guard initrd?.isEmpty != true else { throw .emptyInitrd }
    guard machine.systemRAM?.isEmpty == false else { throw .missing(.memory) }
    if isForCrash {
      guard !machine.crashRegions.isEmpty else { throw .noCrashRegion }
      try CrashHandover.checkUsable(machine.crashRegions, of: .memoryMap)
    }
    guard kernel.segments.reduce(0, { $0 + $1.file.count }) <= kernelBytes.count else {
      throw .notAccepted([
        Finding("kernel", "its segments share bytes of the file", rule: rules.kernelRule)
      ])
    }
    try checkMeasurements(for: architecture, rules, on: machine)
    try checkExtras()
    return rules
  }

  private func checkMeasurements(
    for architecture: Architecture, _ rules: PlacementRules, on machine: MachineSnapshot
  ) throws(KexecError) {
    guard let measurements else { return }
    guard rules.measurements != nil else { throw .noMeasurements(on: architecture) }
    guard !isForCrash else { throw .noMeasurementsForCrash }
    let check = MeasurementBufferCheck(LoadContent(measurements), kernel.byteOrder)
    if let problem = check.problem {
      throw .badContent(of: .imaBuffer, reason: problem, MeasurementBufferCheck.rule)
    }
    let half = machine.halfOfMemory
    let size =
      MeasurementBuffer.segmentSize(of: measurements.count, pageSize: machine.largestPageSize)
      ?? .max
    guard half.map({ size <= $0 }) != false else {
      throw .badContent(
        of: .imaBuffer, reason: "\(size) bytes of memory are more than half of RAM, \(half ?? 0)",
        .linux("security/integrity/ima/ima_kexec.c", "ima_add_kexec_buffer"))
    }
  }

  private func checkExtras() throws(KexecError) {
    try ExtraBuffer.check(extras.map(\.name))
    for extra in extras where extra.bytes.isEmpty {
      throw .badPart(.extra(extra.name), reason: "without a byte", .caller)
    }
  }
}
