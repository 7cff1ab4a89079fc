// SPDX-License-Identifier: Apache-2.0

extension CoreProblem {
  /// How much is lost.
  package var severity: CoreFinding.Severity {
    switch self {
    case .notELF, .fileClass, .otherByteOrder, .identificationVersion, .type, .otherMachine,
      .neverAccepted, .version, .headerSize, .entrySize, .noProgramHeaders, .noNotes,
      .noteTooSmall, .noteTooLarge:
      .refused
    case .truncated, .tableElsewhere, .extendedCount, .noteNotFirst, .noVMCoreInfo, .noMemory,
      .sizesDiffer, .wraps, .otherSource, .noPhysicalAddresses, .overlap, .inCrashRegion,
      .otherLinearMap, .otherKernelMap, .otherKernelPlace, .noteOverlap, .notMemory, .missingMemory,
      .backupNotKept, .missingNote,
      .otherVMCoreInfo:
      .useless
    case .notChecked, .mislabelledByteOrder, .unknownMachine, .trailingBytes, .empty, .unaligned,
      .userAddress, .twoLinearMaps, .staleNote, .noKernelText, .notesInOtherOrder:
      .doubtful
    }
  }

  /// Where Linux decides it: the crash kernel as it reads, or the crashed one as it writes.
  package var rule: CoreFinding.Rule {
    switch self {
    case .notELF, .fileClass: .reader("parse_crash_elf_headers")
    case .truncated, .otherByteOrder, .identificationVersion, .type, .otherMachine,
      .unknownMachine, .version, .tableElsewhere, .headerSize, .entrySize, .noProgramHeaders,
      .extendedCount:
      .reader("parse_crash_elf64_headers")
    case .neverAccepted:
      CoreFinding.Rule(file: "arch/arm/include/asm/elf.h", name: "vmcore_elf64_check_arch")
    case .notChecked: .reader("parse_crash_elf32_headers")
    case .noteTooSmall, .noteTooLarge: .reader("update_note_header_size_elf64")
    case .noNotes, .noteNotFirst: .reader("merge_note_headers_elf64")
    case .empty, .sizesDiffer, .wraps, .unaligned:
      .reader("process_ptload_program_headers_elf64")
    case .notMemory: .reader("read_from_oldmem")
    case .inCrashRegion: CoreFinding.Rule(file: writer, name: "crash_exclude_mem_range")
    case .backupNotKept:
      CoreFinding.Rule(file: "arch/powerpc/kexec/crash.c", name: "sync_backup_region_phdr")
    case .mislabelledByteOrder, .trailingBytes, .noVMCoreInfo, .noMemory, .otherSource,
      .noPhysicalAddresses, .overlap, .userAddress, .twoLinearMaps, .otherLinearMap,
      .otherKernelMap, .otherKernelPlace, .noKernelText, .noteOverlap, .missingMemory, .staleNote,
      .missingNote,
      .notesInOtherOrder, .otherVMCoreInfo:
      CoreFinding.Rule(file: writer, name: "crash_prepare_elf64_headers")
    }
  }
}

/// Where a running kernel makes the header for its crash kernel.
private let writer = "kernel/crash_core.c"

extension CoreFinding.Rule {
  /// A function of the crash kernel's reader.
  fileprivate static func reader(_ name: String) -> Self {
    Self(file: "fs/proc/vmcore.c", name: name)
  }
}
