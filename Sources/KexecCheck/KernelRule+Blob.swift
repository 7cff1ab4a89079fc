// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// The blob as a whole, and the cells of its root.
  static let blob: [KernelRule] = [
    .init(
      "takes-tree", .treeAlone, at: "arch", "the kernel is started with a device tree",
      by: .each { $0.takesTree ? nil : .caller }, for: any
    ) { _, reading in
      ["\(reading.architecture): \(reading.architecture.treeRefusal ?? "takes no tree")"]
    },
    .init(
      "blob", .treeError(of: [.tree, .plan]), at: "blob",
      "libfdt opens the tree and finds it whole", by: .all(.libfdt("fdt_check_full")), for: any
    ) { error, _ in error.code == .badCells ? [] : ["\(error)"] },
    .init(
      "new-blob", .treeError(of: [.newTree]), at: "blob",
      "the blob is whole: header, blocks, tags, names", by: .all(.specification("5"))
    ) { error, _ in error.code == .badCells ? [] : ["\(error)"] },
    .init(
      "root-cells", .treeError(of: [.tree, .plan, .newTree]), at: "/",
      "the root has legal `#address-cells` and `#size-cells`",
      by: .linux("drivers/of/fdt.c", "early_init_dt_scan_root"), for: any
    ) { error, _ in error.code == .badCells ? ["\(error)"] : [] },
    .init(
      "tree-size", .tree, at: "header", "the tree is no larger than what the kernel maps of it",
      by: .each { $0.treeLimit?.rule }, for: any
    ) { tree, reading in
      guard let limit = reading.architecture.treeLimit, tree.size > limit.value else { return [] }
      return ["\(tree.size) bytes; a kernel for \(reading.architecture) maps \(limit.value)"]
    },
    .init(
      "header", .newTree, at: "header", "`totalsize` is the size of the blob, its version 17",
      by: .fdt("early_init_dt_verify")
    ) { new, _ in
      let (tree, size) = (new.tree.tree, new.tree.size)
      guard tree.sourceSize != size || tree.sourceVersion != 17 else { return [] }
      return ["totalsize \(tree.sourceSize) of \(size), version \(tree.sourceVersion)"]
    },
    .init(
      "plan-has-tree", .plan, at: "dtb", "a plan has a device tree, where kernels take one",
      by: .fdt("early_init_dt_verify")
    ) { plan, _ in plan[.tree] == nil ? ["there is no device tree"] : [] },
    .init(
      "plan-has-no-tree", .plan, at: "dtb", "a plan has no device tree, where kernels take none",
      by: .each { $0.takesTree ? nil : $0.placement?.kernelRule }
    ) { plan, reading in
      plan[.tree] == nil ? [] : ["a kernel for \(reading.architecture) takes no tree"]
    },
    .init(
      "tree-alignment", .plan, at: "dtb", "the tree starts at a multiple of 8",
      by: .ofTree(.libfdt("fdt_check_header"))
    ) { plan, _ in
      guard let start = plan[.tree]?.range.start, start % 8 != 0 else { return [] }
      return ["\(hex(start)) is not a multiple of 8"]
    },
  ]
}
