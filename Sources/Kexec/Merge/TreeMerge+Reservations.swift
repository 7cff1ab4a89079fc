// SPDX-License-Identifier: Apache-2.0

import DeviceTree

// The reservation block: Devicetree Specification v0.4, section 5.3.
extension TreeMerger {
  /// Reservations of the machine's firmware: all but those that the last hand-over made, which the steps
  /// of the hand-over find in the machine's own tree.
  mutating func mergeReservations() throws(KexecError) {
    let editor = try lastHandover()
    var known = Set(reservations)
    for change in editor.changes {
      guard change.action == .removed, change.subject == .reservation,
        case .memory(let entry)? = change.from, !known.contains(entry)
      else { continue }
      changes.append(
        Change(
          .omitted, .reservation, from: .memory(entry), reason: change.reason, rule: change.rule))
    }
    let doubts = editor.changes.filter { $0.action == .kept && $0.subject == .reservation }
    let reasons = Dictionary(doubts.map { ($0.from, $0.reason) }) { first, _ in first }
    for entry in editor.lastingReservations where known.insert(entry).inserted {
      reservations.append(entry)
      changes.append(
        Change(
          .added, .reservation, to: .memory(entry),
          reason: reasons[.memory(entry)] ?? "the machine's firmware keeps it",
          rule: .linux("drivers/of/fdt.c", "early_init_fdt_scan_reserved_mem")))
    }
  }

  /// What a hand-over of the machine's own tree would find of the last one.
  private func lastHandover() throws(KexecError) -> HandoverEditor {
    do throws(KexecError) {
      let handover = Handover(commandLine: .omitted, seeds: .none)
      let architecture = Architecture(describedBy: machine.tree) ?? .other
      let fitting = try TreeFitting(
        machine.tree, for: architecture, handover, machine.facts)
      var editor = try HandoverEditor(machine.tree, before: machine.tree, machine.facts)
      editor.take(fitting)
      do throws(DeviceTreeError) {
        try editor.prepareForKexec(handover, nil)
        _ = try editor.finishedTree()
      } catch {
        throw KexecError.tree(error)
      }
      return editor
    } catch {
      guard case .tree(let error)? = error.cause else {
        throw .notMerged(machine.name, reason: error.message)
      }
      throw .machineTree(machine.name, error)
    }
  }
}
