// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import ELF
import KexecFacts
import PhysicalMemory

extension Architecture {
  /// 64-bit RISC-V.
  ///
  /// Linux 6.1 keeps only half of a command line that Linux 7.2 keeps whole. A tree of up to 2 MiB fits
  /// the window that the kernel maps for it, wherever it starts.
  public static let riscv64 = Architecture(
    machine: .riscv,
    commandLineLimit: Limit(
      value: 2048, rule: .linux("arch/riscv/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    oldCommandLineLimit: Limit(
      value: 1024, rule: .linux("v6.1/arch/riscv/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    treeLimit: Limit(
      value: 2 << 20, rule: .linux("arch/riscv/include/asm/pgtable.h", "MAX_FDT_SIZE")),
    // `arch/riscv/kernel/machine_kexec_file.c:load_extra_segments`
    namesCoreHeaderOnCommandLine: true,
    // `arch/riscv/include/asm/page.h:linear_mapping_pa_to_va`, `kernel_mapping_pa_to_va`.
    coreRules: CoreRules(
      linearMapOf: { info in
        guard let offset = info.number("PAGE_OFFSET"), let start = info.number("phys_ram_base")
        else { return nil }
        return offset &- start
      }, textMapOf: { $0.number("va_kernel_pa_offset") }),
    // Purgatory, which only verifies checksums, is left out.
    placement: PlacementRules(
      imaBuffer: .imaBuffer(),
      kernelRule: .linux("arch/riscv/kernel/kexec_image.c", "image_load"),
      steps: [
        .init(.coreHeader, .downward, rule: extraSegments),
        .init(.initrd, .downward, rule: extraSegments),
        .init(.tree, .downward, rule: extraSegments),
      ],
      addressLimit: Limit(
        value: 1 << 56, rule: .linux("arch/riscv/include/asm/pgtable-64.h", "_PAGE_PFN_MASK"))),
    recognizes: { tree in
      tree.cpuNodes().contains { node in
        let width = (try? tree.property("riscv,isa-base", of: node))?.string
        let extensions = (try? tree.property("riscv,isa", of: node))?.string
        return width == "rv64i" || extensions?.hasPrefix("rv64") == true
      }
    })
}

private let extraSegments = Rule.linux(
  "arch/riscv/kernel/machine_kexec_file.c", "load_extra_segments")
