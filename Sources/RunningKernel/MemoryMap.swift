// SPDX-License-Identifier: Apache-2.0

public import PhysicalMemory

/// The contents of `/proc/iomem`: the users of physical addresses.
///
/// The entries are in the order of the file: parents before children, siblings in rising order.
public struct MemoryMap: Hashable, Sendable {
  /// A line of the file.
  public struct Entry: Hashable, Sendable {
    /// How many entries this one is inside of, as far as the file shows it.
    public let level: Int
    /// The first byte.
    public let start: UInt64
    /// The last byte.
    public let lastByte: UInt64
    /// The name: `System RAM`, `Kernel code`, `reserved`.
    public let name: String

    /// The addresses; nil for the placeholder `0-0` of an unprivileged reader. The very last byte of
    /// the address space, which no range can have, is left out.
    public var range: PhysicalRange? {
      guard start != 0 || lastByte != 0 else { return nil }
      return PhysicalRange(start: start, lastByte: min(lastByte, .max - 1))
    }
  }

  /// The lines, in order.
  public let entries: [Entry]

  /// A line that cannot be read, counted from 1.
  public struct BadLine: Error, Hashable, Sendable {
    /// The number of the line.
    public let number: Int
    /// The line.
    public let text: String
  }

  /// Whether there are no entries.
  public var isEmpty: Bool { entries.isEmpty }

  /// Whether the kernel hid all addresses: it prints zeros for a process that opened the file without
  /// `CAP_SYS_ADMIN` in the initial user namespace. Names and levels are true even then.
  public var isHidden: Bool {
    !isEmpty && entries.allSatisfy { $0.start == 0 && $0.lastByte == 0 }
  }
}

extension MemoryMap {
  /// The addresses of all entries of exactly this name, at any level; empty when they are hidden.
  public func ranges(named name: String) -> [PhysicalRange] {
    entries.filter { $0.name == name }.compactMap(\.range)
  }

  /// The firmware's memory: `System RAM`, in the order of the file.
  ///
  /// Memory that a driver added later, such as `System RAM (kmem)`, is left out, because the next
  /// kernel does not know of it (`kernel/kexec_file.c:locate_mem_hole_callback`). So is `System RAM`
  /// inside of `System RAM`, which a shrunk crash kernel leaves
  /// (`kernel/crash_core.c:__crash_shrink_memory`). Neighbours are not joined. Empty when the
  /// addresses are hidden.
  public var systemRAM: [PhysicalRange] {
    outermost { $0 == "System RAM" }
  }

  /// All memory that belongs into a crash dump: ``systemRAM``, and memory that drivers added.
  ///
  /// Aliases of memory that is listed elsewhere (`(boot alias)`, arm) are left out. Crash kernels, the
  /// running kernel and reserved memory are not cut out.
  public var memoryToDump: [PhysicalRange] {
    outermost { name in
      name == "System RAM"
        || name.hasPrefix("System RAM (") && name != "System RAM (boot alias)"
    }
  }

  /// The memory of the running kernel: `Kernel image` (riscv), or from the start of `Kernel code` to the
  /// end of the last of code, rodata, data and bss; nil without either.
  ///
  /// arm64 kernels before 6.12 begin this with `_stext`, later ones with `_text`.
  public var kernelImage: PhysicalRange? {
    if let image = ranges(named: "Kernel image").first { return image }
    let parts = ["Kernel code", "Kernel rodata", "Kernel data", "Kernel bss"].flatMap(
      ranges(named:))
    guard let code = ranges(named: "Kernel code").first else { return nil }
    return PhysicalRange(start: code.start, end: parts.map(\.end).max() ?? code.end)
  }

  /// The memory of crash kernels, the highest first: the main region, into which images are loaded, then the
  /// low one, if it exists (`kernel/crash_reserve.c`).
  public var crashRegions: [PhysicalRange] {
    ranges(named: "Crash kernel").sorted(by: >)
  }

  /// The memory that the running kernel or the firmware reserves, at any level, in the order of the file.
  ///
  /// arm64 prints `reserved`; riscv, loongarch and x86 print `Reserved`; memory that EFI reserved for good
  /// is `reserved` everywhere (`drivers/firmware/efi/efi.c:efi_mem_reserve_iomem`). A range may lie inside
  /// another one. Empty when the addresses are hidden.
  public var reserved: [PhysicalRange] {
    entries.filter { $0.name == "reserved" || $0.name == "Reserved" }.compactMap(\.range)
  }

  /// The addresses of the wanted entries without those inside of another one:
  /// `kernel/resource.c:find_next_res` continues after the end of the entry that it found.
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
