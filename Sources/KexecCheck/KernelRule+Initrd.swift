// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules
import PhysicalMemory

extension KernelRule {
  /// Where the kernel looks for its initrd.
  static let initrd: [KernelRule] = [
    .init(
      "initrd-whole", .tree, at: property(ChosenProperty.initrdStart),
      "start and end of the initrd are both there, or neither, and it is not empty",
      by: initrdReader, for: any
    ) { tree, _ in
      guard ChosenProperty.initrd.contains(where: { tree[$0] != nil }),
        (tree.initrd?.size ?? 0) == 0
      else { return [] }
      return ["no initrd together with \(ChosenProperty.initrdEnd)"]
    },
    // Firmware puts a board's initrd in memory that the tree need not know.
    .init(
      "initrd-in-memory", .treeAlone, at: property(ChosenProperty.initrdStart),
      "the initrd is in memory that the tree knows", by: initrdReader
    ) { tree, _ in
      guard let initrd = tree.initrd, let memory = tree.memory?.usable, !memory.isEmpty,
        !memory.contains(initrd)
      else { return [] }
      return ["\(initrd) is not all in memory"]
    },
    .init(
      "initrd-loaded", .planTree, at: "dtb",
      "the tree tells of the initrd that is loaded, to its exact size", by: initrdReader
    ) { known, _ in
      let (named, loaded) = (known.tree.initrd, known.plan[.initrd]?.exactRange)
      guard named != loaded else { return [] }
      let initrd = named.map { "an initrd at \($0)" } ?? "no initrd"
      return ["tells of \(initrd), loaded is \(loaded.map { "one at \($0)" } ?? "none")"]
    },
    .init(
      "initrd-near-kernel", .plan, at: "initrd", "the initrd is within reach of the kernel",
      by: RuleReader { $0.placement?.step(for: .initrd)?.rule }
    ) { plan, _ in
      guard let initrd = plan[.initrd]?.range, let kernel = plan.kernelExtent,
        let step = plan.placement.step(for: .initrd)
      else { return [] }
      // On either side, within a window that begins at the lower of the two.
      let (lower, upper) = initrd.start < kernel.start ? (initrd, kernel) : (kernel, initrd)
      guard !lower.overlaps(upper), step.window(lower)?.contains(upper) != true else { return [] }
      return ["\(initrd) is too far from the kernel at \(kernel)"]
    },
  ]

  private static let initrdReader = RuleReader.fdt("early_init_dt_check_for_initrd")
}
