// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree

extension Architecture {
  /// 64-bit Arm; `armv8l` is what its kernel tells 32-bit processes.
  ///
  /// The kernel does not boot with a larger tree: it maps no more.
  public static let arm64 = Architecture(
    "aarch64", aliases: ["arm64", "armv8l"],
    commandLineLimit: Limit(
      value: 2048, rule: .linux("arch/arm64/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    treeLimit: Limit(
      value: 2 << 20, rule: .linux("arch/arm64/include/asm/boot.h", "MAX_FDT_SIZE")),
    // `arch/arm64/include/asm/memory.h:__phys_to_virt`: where the two terms share no bit, or is plus.
    // So since Linux 5.4; before, the linear map was the upper half.
    // PHYS_OFFSET is "negative" for a kernel of 52 bits on hardware of 48, so the sum wraps.
    coreRules: CoreRules(
      machine: 183,
      linearMapOf: { info in
        guard let bits = info.number("VA_BITS"), 32..<64 ~= bits,
          let offset = info.number("PHYS_OFFSET")
        else { return nil }
        return 0 &- 1 << bits &- offset
      }, textMapOf: { $0.number("kimage_voffset") },
      textBehind: (64 << 10, .linux("arch/arm64/kernel/vmlinux.lds.S", "SEGMENT_ALIGN"))),
    stubTrees: StubTrees(
      allowed: [("chosen", nil), ("hypervisor", "xen,xen")],
      rule: .linux("arch/arm64/kernel/acpi.c", "dt_is_stub")),
    recognizes: { tree in
      let compatible = tree.compatibleStringsOfCPUs()
      return compatible.contains(where: ArmCores.isArm)
        && !compatible.contains(where: ArmCores.is32Bit)
    })
}
