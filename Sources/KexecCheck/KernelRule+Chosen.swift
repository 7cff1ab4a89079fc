// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

extension KernelRule {
  /// The node that one kernel hands over to the next.
  static let chosen: [KernelRule] = [
    .init(
      "one-chosen", .tree, at: "/", "no two nodes of the root are named chosen",
      by: .fdt("early_init_dt_scan_chosen"), for: any
    ) { tree, _ in
      let nodes = tree.chosenNodes
      guard nodes.count > 1 else { return [] }
      return ["\(nodes.joined(separator: " and ")): readers take one of them"]
    },
    .init(
      "chosen-is-found", .newTree, at: "/", "the node is /chosen or /chosen@0",
      by: .fdt("early_init_dt_scan_chosen")
    ) { new, _ in
      let nodes = new.tree.chosenNodes
      guard nodes.count < 2, nodes != ["chosen"], nodes != ["chosen@0"] else { return [] }
      return ["has to have one /chosen or /chosen@0, not \(nodes)"]
    },
    .init(
      "property-once", .tree, at: "/chosen", "a property of a hand-over exists once",
      by: .ofTree(.libfdt("fdt_getprop")), for: any
    ) { tree, reading in
      tree.doubled { ChosenProperty.written + (reading.requested?.written ?? []) }
    },
    // What firmware wrote twice is passed on: no reason to refuse a new tree, or a plan with it.
    .init(
      "firmware-property-once", .treeAlone, at: "/chosen",
      "a property of UEFI or of the console exists once", by: .ofTree(.libfdt("fdt_getprop")),
      for: any
    ) { tree, _ in tree.doubled { ChosenProperty.uefi + ChosenProperty.console } },
  ]

  /// What leads to UEFI, and to ACPI.
  static let firmwareTables: [KernelRule] = [
    .init(
      "uefi-whole", .tree, at: property("linux,uefi-*"),
      "all UEFI properties exist, or none, in one or two cells each; none gets lost",
      by: .linux("drivers/firmware/efi/fdtparams.c", "efi_get_fdt_params"), for: any
    ) { tree, reading in
      let isOfUEFI = reading.requested?.base.isOfUEFI == true
      guard isOfUEFI || ChosenProperty.uefi.contains(where: { tree[$0] != nil }) else { return [] }
      return ChosenProperty.uefi.filter { tree[$0]?.number == nil }.map { name in
        Problem(
          tree[name].map { "\($0.bytes.count) bytes; the kernel reads 4 or 8" }
            ?? "missing; without it UEFI is not found", at: property(name))
      }
    },
    .init(
      "acpi-stays", .newTree, at: "/",
      "a tree that lets a kernel with UEFI use ACPI still does",
      by: .each { $0.stubTrees?.rule }
    ) { new, reading in
      guard let stubs = reading.architecture.stubTrees, new.wanted.base.isOfUEFI,
        stubs.contains(new.wanted.base), !stubs.contains(new.tree.tree)
      else { return [] }
      return ["a node besides /chosen would turn ACPI off"]
    },
    .init(
      "hardware-stays", .newTree, at: "/", "a tree that describes hardware still does",
      by: .each { $0.stubTrees?.rule }
    ) { new, reading in
      guard let stubs = reading.architecture.stubTrees, !stubs.contains(new.wanted.base),
        stubs.contains(new.tree.tree)
      else { return [] }
      return ["without a node besides /chosen the kernel uses ACPI"]
    },
  ]

  /// What an earlier hand-over wrote for another kernel.
  static let leftovers: [KernelRule] = [
    .init(
      "leftovers", .tree, at: "/chosen", "no property of an earlier kexec is passed on",
      by: .kexec("of_kexec_alloc_and_setup_fdt")
    ) { tree, reading in
      ofOneKexec.filter { tree[$0] != nil && reading.isLeftover($0) }.map {
        Problem("hand-over state of an earlier kernel", at: property($0))
      }
    }
  ]
}

/// What names memory that one kernel hands to the next.
private let ofOneKexec =
  ChosenProperty.historicBuffer + KexecInput.buffers.compactMap(\.property)

extension ReadTree {
  fileprivate func doubled(_ names: () -> [String]) -> [KernelRule.Problem] {
    guard hasCopies else { return [] }
    let copies = Dictionary(grouping: chosen, by: \.name)
    return Set(names()).filter { copies[$0, default: []].count > 1 }.sorted().map {
      .init("present twice; readers take the first", at: KernelRule.property($0))
    }
  }
}

extension Reading {
  /// Whether a property was not requested; where that is not known, whether no loader gives it a kernel for
  /// this purpose.
  fileprivate func isLeftover(_ name: String) -> Bool {
    if ChosenProperty.historicBuffer.contains(name) { return true }
    if let requested { return !requested.buffers.contains { $0.property == name } }
    let row = KexecInput.buffers.first { $0.property == name }
    return row?.purposes.contains { $0 == purpose } == false
  }
}
