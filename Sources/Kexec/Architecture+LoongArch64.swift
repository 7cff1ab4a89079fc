// SPDX-License-Identifier: Apache-2.0

import DeviceTree

extension Architecture {
  /// 64-bit LoongArch.
  public static let loongarch64 = Architecture(
    "loongarch64", aliases: ["loong64"],
    commandLineLimit: Limit(
      value: 4096, rule: .linux("arch/loongarch/include/asm/setup.h", "COMMAND_LINE_SIZE")),
    treeRefusal: """
      a LoongArch kernel is told everything on its command line and gets no tree by kexec \
      (arch/loongarch/kernel/machine_kexec_file.c:load_other_segments)
      """,
    // One window of the address space holds memory and the kernel in it.
    coreRules: CoreRules(
      machine: 258, linearMap: window, textMap: window,
      // `_end`: `arch/loongarch/kernel/vmlinux.lds.S`, `PECOFF_SEGMENT_ALIGN`.
      imageAlignment: 64 << 10),
    recognizes: { tree in
      tree.compatibleStringsOfCPUs().contains { $0.hasPrefix("loongson,la") }
    })
}

private let window: (UInt64, Rule) = (
  0x9000_0000_0000_0000, .linux("arch/loongarch/include/asm/addrspace.h", "CACHE_BASE")
)
