// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

extension Architecture {
  /// 64-bit x86: core headers only.
  public static let x86_64 = Architecture(
    "x86_64", aliases: ["amd64"],
    treeRefusal: "its kernels are started without a device tree",
    coreRules: CoreRules(
      machine: 62,
      excluded: [PhysicalRange(start: 0, size: 1 << 20)].compactMap { $0 }.map {
        ($0, .linux("arch/x86/kernel/crash.c", "elf_header_exclude_ranges"))
      }),
    recognizes: { _ in false })
}
