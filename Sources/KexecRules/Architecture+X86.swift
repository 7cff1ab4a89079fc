// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import KexecFacts

extension Architecture {
  /// 64-bit x86: core headers only.
  public static let x86_64 = Architecture(
    machine: .x86_64,
    treeRefusal: "its kernels are started without a device tree",
    coreRules: CoreRules(
      // `arch/x86/include/asm/page_64.h:__phys_addr_nodebug`: the kernel is linked at
      // `__START_KERNEL_map`, and is `phys_base` further up.
      textMapOf: { $0.number("phys_base").map { 0xffff_ffff_8000_0000 &- $0 } }),
    recognizes: { _ in false })
}
