// SPDX-License-Identifier: Apache-2.0

package import ELF
package import PhysicalMemory

// What is true of the crash dumps of one architecture, and not of all.
extension Machine {
  /// Whether a crash kernel refuses every 64-bit header: `arch/arm/include/asm/elf.h:vmcore_elf64_check_arch`.
  var refusesCoreHeaders: Bool { self == .arm }

  /// Memory that is in no dump: `arch/x86/kernel/crash.c:elf_header_exclude_ranges`.
  package var undumped: PhysicalRange? { self == .x86_64 ? PhysicalRange(0..<1 << 20) : nil }

  /// The address that a copy of low memory starts below. ppc64 saves 64 KiB from 0 on
  /// (`arch/powerpc/kexec/crash.c:sync_backup_region_phdr`), kexec-tools on x86 what there is of 640 KiB.
  var backupLimit: UInt64 { self == .x86_64 ? 0xa_0000 : 1 }

  /// Whether the kernel's own mapping is a part of the linear map, rather than elsewhere.
  var textIsInLinearMap: Bool { self == .loongarch }
}
