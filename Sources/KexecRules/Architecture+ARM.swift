// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import ELF
import KexecFacts

extension Architecture {
  /// 32-bit Arm.
  ///
  /// Its kernel keeps the addresses of the initrd in 32 bits, however much memory there is. It reads a crash
  /// kernel's memory and core header in the tree as all kernels do
  /// (`arch/arm/kernel/devtree.c:setup_machine_fdt`), its unpacker the memory
  /// (`arch/arm/boot/compressed/fdt_check_mem_start.c`).
  public static let arm = Architecture(
    machine: .arm,
    commandLineLimit: Limit(
      value: 1024, rule: .linux("arch/arm/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    initrdLimit: Limit(
      value: 1 << 32, rule: .linux("drivers/of/fdt.c", "__early_init_dt_declare_initrd")),
    planRefusal: """
      no kexec is planned for it: its kernel has no kexec_file_load, whose places would be kept to; its \
      trees are made (arch/arm/kernel/machine_kexec.c:machine_kexec_prepare)
      """,
    coreRules: CoreRules(
      hasKernelText: false,
      warnings: [
        Finding(
          "header", "a crash kernel for arm refuses a 64-bit elfcorehdr",
          rule: .linux("arch/arm/include/asm/elf.h", "vmcore_elf64_check_arch"))
      ]),
    recognizes: { tree in tree.compatibleStringsOfCPUs().contains(where: ArmCores.is32Bit) })
}
