// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

extension MemoryMap {
  /// The addresses of all entries of exactly this name, at any level; empty when they are hidden.
  public func ranges(named name: String) -> [PhysicalRange] {
    entries.filter { $0.name == name }.compactMap(\.range)
  }

  /// The memory that the firmware told the kernel of: `System RAM`, in the order of the file.
  ///
  /// Memory that a driver added later, such as `System RAM (kmem)`, is left out, because the next
  /// kernel does not know of it (`kernel/kexec_file.c:locate_mem_hole_callback`). So is `System RAM`
  /// inside of `System RAM`, which a shrunk crash kernel leaves behind
  /// (`kernel/crash_core.c:__crash_shrink_memory`). Neighbours are not joined. Empty when the
  /// addresses are hidden.
  public var systemRAM: [PhysicalRange] {
    outermost { $0 == "System RAM" }
  }

  /// All memory that a crash dump is to have: ``systemRAM``, and what drivers added.
  ///
  /// Aliases of memory that is listed elsewhere (`(boot alias)`, arm) are left out. Nothing is cut
  /// out: crash kernels, the running kernel and what is reserved are in it.
  public var memoryToDump: [PhysicalRange] {
    outermost { name in
      name == "System RAM"
        || name.hasPrefix("System RAM (") && name != "System RAM (boot alias)"
    }
  }

  /// Where the running kernel lies, as far as the map tells: `Kernel image` (riscv), or from the start
  /// of `Kernel code` to the end of its last piece; nil without either.
  ///
  /// arm64 kernels before 6.12 begin this with `_stext`, later ones with `_text`.
  public var kernelImage: PhysicalRange? {
    if let image = ranges(named: "Kernel image").first { return image }
    let pieces = ["Kernel code", "Kernel rodata", "Kernel data", "Kernel bss"].flatMap(
      ranges(named:))
    guard let code = ranges(named: "Kernel code").first else { return nil }
    return PhysicalRange(start: code.start, end: pieces.map(\.end).max() ?? code.end)
  }

  /// The memory set apart for crash kernels, the highest first: the main one, which images are loaded
  /// into, then the low one, if there is one (`kernel/crash_reserve.c`).
  public var crashRegions: [PhysicalRange] {
    ranges(named: "Crash kernel").sorted(by: >)
  }

  /// What the running kernel or the firmware keeps, at any level, in the order of the file.
  ///
  /// arm64 prints `reserved`; riscv, loongarch and x86 print `Reserved`; what EFI reserved for good
  /// is `reserved` everywhere (`drivers/firmware/efi/efi.c:efi_mem_reserve_iomem`). Both count. A
  /// range may lie inside another one. Empty when the addresses are hidden.
  public var reserved: [PhysicalRange] {
    entries.filter { $0.name == "reserved" || $0.name == "Reserved" }.compactMap(\.range)
  }

  /// The addresses of entries whose name is wanted, without those inside another such entry: as
  /// `kernel/resource.c:find_next_res` goes on behind the end of what it found.
  private func outermost(_ isWanted: (String) -> Bool) -> [PhysicalRange] {
    var ranges: [PhysicalRange] = []
    var outerLevel: Int?
    for entry in entries {
      if let outerLevel, entry.level > outerLevel { continue }
      outerLevel = isWanted(entry.name) ? entry.level : nil
      if outerLevel != nil, let range = entry.range { ranges.append(range) }
    }
    return ranges
  }
}
