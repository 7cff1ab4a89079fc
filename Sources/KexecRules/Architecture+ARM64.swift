// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import ELF
import KexecFacts
import PhysicalMemory

extension Architecture {
  /// 64-bit Arm.
  ///
  /// The kernel does not boot with a larger tree: it maps no more.
  public static let arm64 = Architecture(
    machine: .arm64,
    commandLineLimit: Limit(
      value: 2048, rule: .linux("arch/arm64/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    treeLimit: Limit(
      value: 2 << 20, rule: .linux("arch/arm64/include/asm/boot.h", "MAX_FDT_SIZE")),
    // `arch/arm64/include/asm/memory.h:__phys_to_virt`: where the two terms share no bit, or is plus.
    // So since Linux 5.4; before, the linear map was the upper half.
    // PHYS_OFFSET is "negative" for a kernel of 52 bits on hardware of 48, so the sum wraps.
    coreRules: CoreRules(
      linearMapOf: { info in
        guard let bits = info.number("VA_BITS"), 32..<64 ~= bits,
          let offset = info.number("PHYS_OFFSET")
        else { return nil }
        return 0 &- 1 << bits &- offset
      }, textMapOf: { $0.number("kimage_voffset") },
      stextOffset: (64 << 10, .linux("arch/arm64/kernel/vmlinux.lds.S", "SEGMENT_ALIGN"))),
    placement: PlacementRules(
      imaBuffer: .imaBuffer(),
      kernelRule: .linux("arch/arm64/kernel/kexec_image.c", "image_load"),
      steps: [
        .init(.coreHeader, alignment: 64 << 10, .downward, rule: otherSegments),
        .init(.initrd, .upward, rule: otherSegments, window: \.nearbyAbove),
        .init(.tree, alignment: 2 << 20, .downward, rule: otherSegments),
        .init(
          .trampoline, .upward, rule: .linux("arch/arm64/kernel/machine_kexec.c", "machine_kexec")),
      ],
      addressLimit: Limit(
        value: 1 << 48, rule: .linux("Documentation/arch/arm64/booting.rst", "flags")),
      trampoline: .arm64, startsOnlyImages: true),
    stubTrees: StubTrees(
      allowed: [("chosen", nil), ("hypervisor", "xen,xen")],
      rule: .linux("arch/arm64/kernel/acpi.c", "dt_is_stub")),
    readsKHO: true,
    recognizes: { tree in
      let compatible = tree.compatibleStringsOfCPUs()
      return compatible.contains(where: ArmCores.isArm)
        && !compatible.contains(where: ArmCores.is32Bit)
    })
}

private let otherSegments = Rule.linux(
  "arch/arm64/kernel/machine_kexec_file.c", "load_other_segments")
