// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

extension KernelRule {
  /// The node by which one kernel talks to the next.
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
      return ["wants one /chosen or /chosen@0, not \(nodes)"]
    },
    .init(
      "property-once", .tree, at: "/chosen", "a property by which kernels hand over is there once",
      by: .ofTree(.libfdt("fdt_getprop")), for: any
    ) { tree, reading in
      tree.doubled(ChosenProperty.written + (reading.requested?.written ?? []))
    },
    // What firmware wrote twice is passed on: no reason to refuse a new tree, or a plan with it.
    .init(
      "firmware-property-once", .treeAlone, at: "/chosen",
      "a property of UEFI or of the console is there once", by: .ofTree(.libfdt("fdt_getprop")),
      for: any
    ) { tree, _ in tree.doubled(ChosenProperty.uefi + ChosenProperty.console) },
  ]
}

extension ReadTree {
  fileprivate func doubled(_ names: [String]) -> [KernelRule.Problem] {
    let copies = Dictionary(grouping: chosen, by: \.name)
    return Set(names).filter { copies[$0, default: []].count > 1 }.sorted().map {
      .init("there twice; readers take the first", at: KernelRule.property($0))
    }
  }
}
