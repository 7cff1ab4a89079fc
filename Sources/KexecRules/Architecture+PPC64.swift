// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import ELF
import KexecFacts
package import PhysicalMemory

extension Architecture {
  /// 64-bit PowerPC, either byte order.
  public static let ppc64 = Architecture(
    machine: .ppc64,
    commandLineLimit: Limit(
      value: 2048, rule: .linux("arch/powerpc/include/uapi/asm/setup.h", "COMMAND_LINE_SIZE")),
    namesCoreHeaderOnCommandLine: true,
    coreRules: CoreRules(
      hasKernelText: false, backedUp: .backedUpOnPPC64,
      linearMap: (
        0xc000_0000_0000_0000, .linux("arch/powerpc/include/asm/page.h", "PAGE_OFFSET")
      )),
    placement: PlacementRules(
      imaBuffer: .imaBuffer(within: behindNextKernel), kernelRule: elf64, steps: steps,
      addressLimit: Limit(
        value: 1 << 51,
        rule: .linux("arch/powerpc/include/asm/book3s/64/hash-64k.h", "H_MAX_PHYSMEM_BITS")),
      trampoline: .ppc64, startsAtFirstByte: true,
      firmware: (
        .linux("arch/powerpc/kexec/ranges.c", "get_exclude_memory_ranges"), \.firmwareMemory
      ), rmaLimit: rmaLimit),
    treeRules: .ppc64,
    // Only `drivers/of/fdt.c:early_init_dt_scan_nodes` does, which powerpc has its own instead of
    // (`arch/powerpc/kernel/prom.c:early_init_devtree`).
    readsUsableRange: false, prefersLiveTree: true,
    recognizes: { tree in
      tree.cpuNodes().contains { node in
        (try? tree.property("ibm,ppc-interrupt-server#s", of: node)) != nil
      }
    })
}

extension PhysicalRange {
  /// What every kernel runs in when it starts, and what is therefore copied elsewhere before a crash kernel
  /// does: `arch/powerpc/include/asm/crashdump-ppc64.h:BACKUP_SRC_SIZE`.
  package static let backedUpOnPPC64 = PhysicalRange(0..<64 << 10)
}

private let elf64 = Rule.linux("arch/powerpc/kexec/elf_64.c", "elf64_load")
private let file64 = Rule.linux(
  "arch/powerpc/kexec/file_load_64.c", "load_crashdump_segments_ppc64")

/// The trampoline is where the kernels' own loader has its purgatory; it looks for a place below the
/// kernel, too.
private let steps: [PlacementRules.Step] = [
  .init(.trampoline, .downward, rule: elf64, window: behindNextKernel),
  .init(.backup, alignment: 64 << 10, .upward, rule: file64, window: behindNextKernel),
  .init(.coreHeader, .upward, rule: file64, window: behindNextKernel),
  .init(.initrd, .upward, rule: elf64, window: behindNextKernel),
  .init(.tree, .downward, rule: elf64, window: behindNextKernel),
]

/// Behind the start of memory: a kernel copies itself there, its BSS included, wherever it was started, but
/// for a crash kernel (`arch/powerpc/kernel/head_64.S:__after_prom_start`). The kernels' own loader
/// excludes the running one there, and trusts that the next one is no longer.
private func behindNextKernel(_ kernel: PhysicalRange) -> PhysicalRange? {
  PhysicalRange(start: kernel.size, end: .max)
}

extension DeviceTree {
  /// What nothing is placed in.
  fileprivate var firmwareMemory: [NoRoom.Occupant] {
    let kernel = kernelEnd.flatMap { PhysicalRange(start: 0, end: $0) }
    let named = [
      ("the running kernel", kernel), ("RTAS", rtas), ("OPAL", opal),
      ("the running kernel's hash table", htab),
    ]
    return named.compactMap { name, range in range.map { NoRoom.Occupant(name, $0) } }
      + tceTables().map { NoRoom.Occupant("TCE tables", $0) }
      + reservedRanges().map { NoRoom.Occupant("the firmware's reserved-ranges", $0) }
  }
}

/// The first code of a kernel under a hypervisor that has a hash table reaches the lowest range of memory
/// alone; before POWER9, of that the first GiB, which is the limit here for all.
private func rmaLimit(_ tree: DeviceTree, _ pageTables: MachineSnapshot.PageTables?) -> Architecture
  .Limit?
{
  guard pageTables != .radix, !tree.contains("/ibm,opal"), let area = tree.rma()
  else { return nil }
  return Architecture.Limit(
    value: min(area.end, 1 << 30),
    rule: .linux("arch/powerpc/mm/book3s64/hash_utils.c", "hash__setup_initial_memory_limit"))
}
