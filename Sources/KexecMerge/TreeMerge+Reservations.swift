// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

// The reservation block: Devicetree Specification v0.4, section 5.3.
extension TreeMerger {
  /// Reservations of the machine's firmware: all but those that the last hand-over made.
  mutating func mergeReservations() throws(KexecError) {
    let (last, kept) = try lastHandover()
    var known = Set(reservations)
    for old in last.stale
    where !old.isSecret && !kept.contains(old.entry) && !known.contains(old.entry) {
      changes.append(
        Change(
          .omitted, .reservation, from: .memory(old.entry), reason: old.reason, rule: old.rule))
    }
    let reasons = Dictionary(last.kept.map { ($0.entry, $0.reason) }) { first, _ in first }
    for entry in last.lastingReservations where known.insert(entry).inserted {
      reservations.append(entry)
      changes.append(
        Change(
          .added, .reservation, to: .memory(entry),
          reason: reasons[entry] ?? "the machine's firmware keeps it",
          rule: .linux("drivers/of/fdt.c", "early_init_fdt_scan_reserved_mem")))
    }
  }

  /// What the last hand-over left in the machine's tree, and what its architecture's kernels reserve in any
  /// case.
  private func lastHandover() throws(KexecError) -> (LastHandover, kept: Set<AddressAndSize>) {
    let architecture = Architecture(describedBy: machine.tree) ?? .other
    do throws(KexecError) {
      let fixup = try TreeFixup(machine.tree, for: architecture, nil, machine.facts)
      var last = try LastHandover(of: machine)
      try last.checkSize()
      last.release(fixup.stale)
      return (last, Set(fixup.reservations.map(\.entry)))
    } catch {
      guard case .tree(let error)? = error.cause else {
        throw .notMerged(machine.name, reason: error.message)
      }
      throw .machineTree(machine.name, error)
    }
  }
}

extension LastHandover {
  fileprivate init(of machine: MachineTree) throws(KexecError) {
    self = try KexecError.aboutTree { () throws(DeviceTreeError) in
      try Self(in: machine.tree, on: machine.facts)
    }
  }
}
