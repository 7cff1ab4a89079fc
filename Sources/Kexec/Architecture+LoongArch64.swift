// SPDX-License-Identifier: Apache-2.0

import DeviceTree

extension Architecture {
  /// 64-bit LoongArch.
  ///
  /// `COMMAND_LINE_SIZE`: `arch/loongarch/include/asm/setup.h`.
  public static let loongarch64 = Architecture(
    "loongarch64", aliases: ["loong64"], commandLineSize: 4096,
    refusal: """
      a LoongArch kernel is told everything on its command line and gets no tree by kexec \
      (arch/loongarch/kernel/machine_kexec_file.c)
      """,
    recognizes: { tree in
      tree.compatibleStringsOfCPUs().contains { $0.hasPrefix("loongson,la") }
    })
}
