// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import ELF
import KexecFacts
import PhysicalMemory

extension Architecture {
  /// 64-bit LoongArch.
  ///
  /// Its kernels hand on the table of UEFI, by which the next one finds ACPI or a tree of the firmware's
  /// (`arch/loongarch/kernel/setup.c:fdt_setup`); what a loader passes on is on the command line.
  public static let loongarch64 = Architecture(
    machine: .loongarch,
    commandLineLimit: Limit(
      value: 4096, rule: .linux("arch/loongarch/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    treeRefusal: """
      a LoongArch kernel gets everything on its command line and no tree by kexec \
      (arch/loongarch/kernel/machine_kexec_file.c:load_other_segments)
      """,
    // One window of the address space holds memory and the kernel in it.
    coreRules: CoreRules(
      linearMap: window, textMap: window,
      // `_end`: `arch/loongarch/kernel/vmlinux.lds.S`, `PECOFF_SEGMENT_ALIGN`.
      imageAlignment: 64 << 10),
    placement: PlacementRules(
      kernelRule: .linux("arch/loongarch/kernel/kexec_efi.c", "efi_kexec_load"),
      steps: [
        .init(.coreHeader, alignment: 64 << 10, .downward, rule: fileRule("load_other_segments")),
        .init(.initrd, .upward, rule: fileRule("load_other_segments"), window: \.nearbyAbove),
        .init(.commandLine, .upward, rule: prepare),
      ],
      addressLimit: Limit(
        value: 1 << 48, rule: .linux("arch/loongarch/include/asm/addrspace.h", "TO_PHYS_MASK")),
      firmware: (
        .linux("arch/loongarch/kernel/machine_kexec.c", "KEXEC_CONTROL_CODE"),
        { _ in [NoRoom.Occupant("where the running kernel goes through kexec", lowMemory)] }
      )),
    // A kernel moves itself to a random place near by, and looks that it is not the initrd's; but not that it
    // is not the core header's, nor that it is in its own memory. That of kexec_file_load stays; its word
    // begins as that of kexec_load does.
    commandLineRules: CommandLineRules(
      marker: "kexec_file",
      markerReason: (
        "the running kernel finds the command line by it, and the next one stays where it is",
        .linux("arch/loongarch/kernel/relocate.c", "kaslr_disabled")
      ),
      start: "kexec", markers: ["kexec", "kexec_file"], size: 4096, reader: prepare,
      memoryRule: fileRule("cmdline_add_mem"), coreHeaderRule: fileRule("cmdline_add_elfcorehdr"),
      initrdRule: fileRule("cmdline_add_initrd")),
    recognizes: { tree in
      tree.compatibleStringsOfCPUs().contains { $0.hasPrefix("loongson,la") }
    })
}

private let window: (UInt64, Rule) = (
  0x9000_0000_0000_0000, .linux("arch/loongarch/include/asm/addrspace.h", "CACHE_BASE")
)

private let prepare = Rule.linux("arch/loongarch/kernel/machine_kexec.c", "machine_kexec_prepare")

private func fileRule(_ function: String) -> Rule {
  .linux("arch/loongarch/kernel/machine_kexec_file.c", function)
}

/// The running kernel's code for the kexec, and from 1 MiB + 32 KiB on its copy of the command line.
private let lowMemory = PhysicalRange(1 << 20..<2 << 20)
