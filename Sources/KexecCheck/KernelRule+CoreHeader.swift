// SPDX-License-Identifier: Apache-2.0

import CrashCore
import KexecFacts
import PhysicalMemory

extension KernelRule {
  /// The ELF core header (`elfcorehdr`), which a crash kernel serves as `/proc/vmcore`.
  static let coreHeader: [KernelRule] = [
    .init(
      "no-elfcorehdr", .tree, at: elfcorehdr, "the tree of an ordinary kernel names no elfcorehdr",
      by: headerReader, for: [.kexec]
    ) { tree, _ in
      tree[ChosenProperty.coreHeader] == nil ? [] : ["makes an ordinary kernel look for a dump"]
    },
    .init(
      "elfcorehdr-named", .tree, at: elfcorehdr, "the tree of a crash kernel names an elfcorehdr",
      by: headerReader, for: [.crash]
    ) { tree, _ in
      tree[ChosenProperty.coreHeader] == nil ? ["missing: there will be no /proc/vmcore"] : []
    },
    .init(
      "elfcorehdr-one-range", .tree, at: elfcorehdr,
      "the property is one range in the root's cells", by: headerReader, for: [.crash]
    ) { tree, _ in
      guard tree[ChosenProperty.coreHeader] != nil, tree.place(ChosenProperty.coreHeader) == nil
      else { return [] }
      return ["not one range: the kernel ignores it"]
    },
    .init(
      "elfcorehdr-beside-initrd", .tree, at: elfcorehdr, "elfcorehdr and initrd do not overlap",
      by: headerReader, for: [.crash]
    ) { tree, _ in
      guard let header = tree.place(ChosenProperty.coreHeader), let initrd = tree.initrd,
        initrd.overlaps(header)
      else { return [] }
      return ["\(header) overlaps the initrd, \(initrd)"]
    },
    .loaded(
      "elfcorehdr-loaded", "the tree names the elfcorehdr that is loaded", "elfcorehdr",
      by: headerReader, \.coreHeader, isSame: { $1.contains($0) && $0.start == $1.start }
    ) { $0[.coreHeader]?.range },
    .init(
      "elfcorehdr-contents", .plan, at: "elfcorehdr", "the crash kernel accepts the elfcorehdr",
      by: .linux("fs/proc/vmcore.c", "parse_crash_elf64_headers")
    ) { plan, _ in
      guard let core = plan.core, let header = plan[.coreHeader] else { return [] }
      return CoreHeaderCheck(of: core).findings(in: header.content.start.span).map(Finding.init)
        .map { Problem($0.text, at: $0.place, by: $0.rule) }
    },
  ]

  private static let elfcorehdr = property(ChosenProperty.coreHeader)
  private static let headerReader = RuleReader.fdt("early_init_dt_check_for_elfcorehdr")
}
