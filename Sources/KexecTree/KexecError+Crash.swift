// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import KexecCheck
package import KexecFacts
import KexecMerge
import KexecRules
package import PhysicalMemory

// Failures of crash kernels.
extension KexecError {
  /// A fact that a core header needs is not known.
  package static func missing(_ fact: CrashFact) -> Self {
    switch fact {
    case .vmcoreinfo:
      .init(
        .notOffered, "no vmcoreinfo note: a crash dump without it is useless", about: .machine,
        rule: .linux("fs/proc/vmcore.c", "merge_note_headers_elf64"))
    case .cpuNotes:
      .init(
        .notOffered, "no register notes of any CPU", about: .machine,
        rule: .linux("drivers/base/cpu.c", "crash_notes_show"))
    case .memory: .init(.notOffered, "no RAM is known", about: .machine)
    case .backup:
      .init(
        .usage, "where the first 64 KiB are copied to is not known",
        rule: .linux("arch/powerpc/kexec/crash.c", "sync_backup_region_phdr"), advice: .giveBackup)
    }
  }

  /// No memory is set apart for a crash kernel.
  package static let noCrashRegion = KexecError(
    .notOffered, "no memory is set apart for a crash kernel")

  /// A crash kernel reads one or two ranges of usable memory.
  ///
  /// - Parameter subject: where they come from: the caller, or the machine.
  package static func usableMemoryCount(_ count: Int, of subject: Subject = .usableMemory) -> Self {
    .init(
      subject == .usableMemory ? .usage : .notOffered,
      """
      \(count) ranges of usable memory; a crash kernel reads 1 or 2, and with none takes all of RAM \
      and destroys the dump
      """, about: subject,
      rule: .linux("drivers/of/fdt.c", "early_init_dt_check_for_usable_mem_range"))
  }

  /// The main crash region comes first, and is the higher one.
  ///
  /// - Parameter subject: where they come from: the caller, or the machine.
  package static func usableMemoryOrder(
    main: PhysicalRange, low: PhysicalRange, of subject: Subject = .usableMemory
  ) -> Self {
    .init(
      subject == .usableMemory ? .usage : .notOffered,
      """
      usable memory \(main), then \(low): the main region is the higher one, comes first, and \
      does not overlap the low one
      """, about: subject,
      rule: .linux("drivers/of/fdt.c", "early_init_dt_check_for_usable_mem_range"))
  }

  /// What a crash kernel is given is not in the memory set apart for it.
  package static func notInCrashRegion(_ part: CrashPart, _ range: PhysicalRange) -> Self {
    .init(
      .usage, "the \(part) at \(range) is not in the memory set apart for the crash kernel",
      about: part.subject)
  }

  /// What a crash kernel is given does not fit the tree's root cells, of these sizes in bits.
  package static func beyondCells(
    _ part: CrashPart, _ range: PhysicalRange, addressBits: Int, sizeBits: Int
  ) -> Self {
    .init(
      .usage,
      """
      the \(part) at \(range): this tree says addresses in \(addressBits) bits and sizes in \(sizeBits)
      """, about: part.subject, rule: .linux("drivers/of/fdt.c", "early_init_dt_scan_root"))
  }

  /// The copy of the first memory cannot be there.
  package static func badBackup(_ address: UInt64, _ reason: String) -> Self {
    .init(.usage, "a copy of the first memory at \(hex(address)): \(reason)", about: .backup)
  }

  /// The core header cannot be there.
  package static func badCoreHeaderPlace(_ range: PhysicalRange) -> Self {
    .init(
      .usage,
      "a core header at \(range): it starts on a page, has 176 bytes or more, and leaves room",
      about: .handedOver(.coreHeader))
  }
}

extension CrashPart {
  /// The same as the subject of a failure.
  fileprivate var subject: KexecError.Subject {
    switch self {
    case .usableMemory: .usableMemory
    case .coreHeader: .handedOver(.coreHeader)
    case .initrd: .handedOver(.initrd)
    }
  }
}
