// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
import PhysicalMemory

/// The tree that the next kernel is started with, and how it came about.
public struct NextTree: Sendable {
  /// The finished blob, read back and found good by the next kernel's rules.
  public let blob: [UInt8]
  /// Everything that was done to the running kernel's tree, in order.
  public let changes: [Change]

  /// Makes the tree for an ordinary kexec.
  ///
  /// The steps follow Linux `drivers/of/kexec.c:of_kexec_alloc_and_setup_fdt`, and clean up what
  /// that leaves to the kernels that wrote it.
  ///
  /// - Parameters:
  ///   - base: the running kernel's tree, or a board's.
  ///   - edits: what the caller wants changed before the hand-over, in this order.
  ///   - architecture: the next kernel's.
  ///   - handover: what the next kernel is to be told.
  ///   - machine: what is known about where the tree comes from.
  public init(
    from base: DeviceTree, edits: [TreeEdit] = [], for architecture: Architecture,
    handover: Handover, machine: MachineFacts = MachineFacts()
  ) throws(PlanError) {
    if let reason = architecture.refusal {
      throw .unsupported(architecture: architecture.name, reason: reason)
    }
    try self.init(generic: base, edits, architecture, handover, machine)
  }

  /// The steps that all architectures share.
  package init(
    generic base: DeviceTree, _ edits: [TreeEdit], _ architecture: Architecture,
    _ handover: Handover, _ machine: MachineFacts
  ) throws(PlanError) {
    try handover.check(for: architecture, on: machine)
    let (edited, asked) = try base.applying(edits)
    var editor: HandoverEditor
    do throws(DeviceTreeError) {
      editor = try HandoverEditor(edited, machine)
      try editor.prepareForKexec(handover)
      blob = try editor.finishedTree().blob
    } catch {
      throw PlanError(error)
    }
    changes = asked + (handover.commandLine?.changes ?? []) + editor.changes
    let acceptance = Acceptance(architecture, handover, released: editor.released)
    let findings = acceptance.findings(in: blob, madeFrom: base)
    guard findings.isEmpty else { throw .notAccepted(findings) }
  }
}

extension Handover {
  /// Refuses what no tree can say, before anything is edited.
  fileprivate func check(
    for architecture: Architecture, on machine: MachineFacts
  ) throws(PlanError) {
    if let line = commandLine?.bytes {
      guard !line.contains(0) else { throw .commandLineHasNUL }
      guard line.count < architecture.commandLineSize else {
        throw .commandLineTooLong(
          size: line.count, limit: architecture.commandLineSize,
          architecture: architecture.name)
      }
    }
    if let initrd {
      guard initrd.start != 0 else { throw .initrdAtZero }
      if let systemRAM = machine.systemRAM {
        guard PhysicalRangeSet(systemRAM).contains(initrd) else { throw .notInSystemRAM(initrd) }
      }
    }
    if let kaslr = seeds.kaslr, kaslr.count != Seeds.kaslrSize {
      throw .seedSize(
        property: ChosenProperty.kaslrSeed, size: kaslr.count, expected: Seeds.kaslrSize)
    }
  }
}

extension PlanError {
  /// A tree that cannot be edited; half an initrd is said in words of its own.
  init(_ error: DeviceTreeError) {
    let initrd = [ChosenProperty.initrdStart, ChosenProperty.initrdEnd]
    if let property = error.property, initrd.contains(property) {
      self = .badInitrd(property: property)
    } else {
      self = .tree(error)
    }
  }
}
