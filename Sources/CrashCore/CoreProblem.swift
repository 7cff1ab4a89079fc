// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import ELF
package import PhysicalMemory

/// What can be wrong with a core header; ``verdict`` says each in words.
package enum CoreProblem: Hashable, Sendable {
  // The file header.
  case notELF
  case truncated(size: Int)
  case fileClass(UInt8)
  case notChecked
  case mislabelledByteOrder(UInt8, expected: UInt8)
  case otherByteOrder
  case identificationVersion(UInt8)
  case type(UInt16)
  case otherMachine(Machine, expected: Machine)
  case neverAccepted
  case unknownMachine(Machine)
  case version(UInt32)
  case tableElsewhere(UInt64)
  case headerSize(UInt16)
  case entrySize(UInt16)
  case noProgramHeaders
  case extendedCount
  case trailingBytes

  // Notes.
  case noNotes
  case noteNotFirst(after: Int)
  case noteTooSmall(UInt64)
  case noteTooLarge(UInt64)
  case noteOverlap(PhysicalRange, with: Int)
  case noVMCoreInfo

  // Memory.
  case noMemory
  case empty
  case sizesDiffer(file: UInt64, memory: UInt64)
  case wraps(start: UInt64, size: UInt64)
  case otherSource(UInt64, physicalAddress: UInt64)
  case noPhysicalAddresses
  case overlap(PhysicalRange, with: Int)
  case unaligned(PhysicalRange)
  case userAddress(UInt64)
  case twoLinearMaps(UInt64, first: UInt64)

  // Compared with the machine.
  case otherLinearMap(UInt64, expected: UInt64)
  case otherKernelMap(UInt64, expected: UInt64)
  case otherKernelPlace(PhysicalRange, expected: PhysicalRange)
  case noKernelText
  case inCrashRegion(PhysicalRange)
  case notMemory(PhysicalRange)
  case missingMemory(PhysicalRange)
  case backupNotKept(PhysicalRange)
  case staleNote(PhysicalRange)
  case missingNote(PhysicalRange)
  case notesInOtherOrder
  case otherVMCoreInfo(PhysicalRange, expected: PhysicalRange)
}

extension CoreProblem {
  /// How much is lost; where Linux decides it; what was found, and what should be.
  var verdict: Verdict {
    switch self {
    case .notELF: refused(reader("parse_crash_elf_headers"), "not the magic number of an ELF file")
    case .truncated(let size):
      useless(parse, "the file ends before \(size) bytes, which the crash kernel reads")
    case .fileClass(let value):
      refused(reader("parse_crash_elf_headers"), "EI_CLASS is \(value); a 64-bit header has 2")
    case .notChecked:
      warning(
        reader("parse_crash_elf32_headers"),
        "EI_CLASS is 1: a 32-bit header, whose rules are not checked here")
    case .mislabelledByteOrder(let value, let expected):
      warning(
        prepare,
        "EI_DATA is \(value), and the fields are in the order that is \(expected); tools will misread them"
      )
    case .otherByteOrder: refused(parse, "the fields are not in the byte order of this machine")
    case .identificationVersion(let value): refused(parse, "EI_VERSION is \(value), not 1")
    case .type(let value): refused(parse, "e_type is \(value), not 4 (ET_CORE)")
    case .otherMachine(let value, let expected):
      refused(parse, "e_machine is \(value.rawValue); this machine's is \(expected.rawValue)")
    case .neverAccepted:
      refused(
        .init(file: "arch/arm/include/asm/elf.h", name: "vmcore_elf64_check_arch"),
        "e_machine is \(Machine.arm.rawValue) (arm), and a 32-bit arm kernel takes no 64-bit header"
      )
    case .unknownMachine(let value):
      warning(parse, "e_machine is \(value.rawValue), which no known crash kernel has")
    case .version(let value): refused(parse, "e_version is \(value), not 1")
    case .tableElsewhere(let value):
      useless(
        parse, "e_phoff is \(hex(value)); the crash kernel reads program headers from 0x40 on")
    case .headerSize(let value): refused(parse, "e_ehsize is \(value), not 64")
    case .entrySize(let value): refused(parse, "e_phentsize is \(value), not 56")
    case .noProgramHeaders: refused(parse, "e_phnum is 0")
    case .extendedCount:
      useless(
        parse,
        "e_phnum is 65535: the crash kernel reads that many, tools look for the count elsewhere")
    case .trailingBytes:
      warning(prepare, "not zero; only zeros may follow the program headers")

    case .noNotes: refused(merge, "there is no PT_NOTE")
    case .noteNotFirst(let number):
      useless(merge, "a PT_NOTE after program header \(number), which the merged notes overwrite")
    case .noteTooSmall(let size):
      refused(noteSize, "a PT_NOTE of \(size) bytes; the header of a note takes 12")
    case .noteTooLarge(let size):
      refused(
        noteSize,
        "a PT_NOTE of \(hex(size)) bytes; a kernel with pages of 4096 allocates 0x400000 at most")
    case .noteOverlap(let range, let number):
      useless(prepare, "\(range) is also in the PT_NOTE that is program header \(number)")
    case .noVMCoreInfo:
      useless(prepare, "no PT_NOTE is as large as vmcoreinfo, which tools need to read a dump")

    case .noMemory: useless(prepare, "there is no PT_LOAD")
    case .empty: warning(load, "a PT_LOAD of no bytes")
    case .sizesDiffer(let file, let memory):
      useless(
        load,
        "p_filesz is \(hex(file)) and p_memsz \(hex(memory)): tools treat the difference as left out"
      )
    case .wraps(let start, let size):
      useless(load, "\(hex(size)) bytes from \(hex(start)) on pass the end of the address space")
    case .otherSource(let offset, let address):
      useless(
        prepare,
        "the bytes of \(hex(address)) are fetched from \(hex(offset)), which is not a backup"
      )
    case .noPhysicalAddresses:
      useless(prepare, "p_paddr is 0 everywhere: tools cannot find physical memory")
    case .overlap(let range, let number):
      useless(prepare, "\(range) is also in program header \(number)")
    case .unaligned(let range):
      warning(load, "\(range) is not whole pages; the crash kernel reads what else is in them")
    case .userAddress(let address):
      warning(prepare, "p_vaddr is \(hex(address)), which is not an address of a kernel")
    case .twoLinearMaps(let offset, let first):
      warning(prepare, "p_vaddr - p_paddr is \(hex(offset)); in memory before it, \(hex(first))")

    case .otherLinearMap(let offset, let expected):
      useless(
        prepare,
        "p_vaddr - p_paddr is \(hex(offset)); this machine's linear map has \(hex(expected))")
    case .otherKernelMap(let offset, let expected):
      useless(
        prepare, "p_vaddr - p_paddr is \(hex(offset)); this machine's kernel has \(hex(expected))")
    case .otherKernelPlace(let range, let expected):
      useless(prepare, "the kernel is at \(range); this machine's is at \(expected)")
    case .noKernelText:
      warning(prepare, "there is no PT_LOAD where the kernel is linked; this machine's has one")
    case .inCrashRegion(let range):
      useless(writer("crash_exclude_mem_range"), "\(range) is the crash kernel's own memory")
    case .notMemory(let range):
      useless(
        reader("read_from_oldmem"), "\(range) is not memory of this machine; reading it may hang")
    case .missingMemory(let range):
      useless(prepare, "\(range) is memory of this machine, but in no PT_LOAD")
    case .backupNotKept(let range):
      useless(
        .init(file: "arch/powerpc/kexec/crash.c", name: "sync_backup_region_phdr"),
        "\(range), the copy of low memory, is not the crash kernel's")
    case .staleNote(let range):
      warning(prepare, "\(range) is not where a CPU of this machine writes its registers")
    case .missingNote(let range):
      useless(
        prepare,
        "\(range) is where a CPU of this machine writes its registers, but it is in no PT_NOTE")
    case .notesInOtherOrder:
      warning(prepare, "the PT_NOTEs are not in the order of this machine's CPUs")
    case .otherVMCoreInfo(let range, let expected):
      useless(prepare, "vmcoreinfo is \(range); this machine's is \(expected)")
    }
  }
}

typealias Verdict = (severity: CoreFinding.Severity, rule: CoreFinding.Rule, text: String)

private func refused(_ rule: CoreFinding.Rule, _ text: String) -> Verdict { (.refused, rule, text) }
private func useless(_ rule: CoreFinding.Rule, _ text: String) -> Verdict { (.useless, rule, text) }
private func warning(_ rule: CoreFinding.Rule, _ text: String) -> Verdict {
  (.warning, rule, text)
}

private let parse = reader("parse_crash_elf64_headers")
private let noteSize = reader("update_note_header_size_elf64")
private let merge = reader("merge_note_headers_elf64")
private let load = reader("process_ptload_program_headers_elf64")
private let prepare = writer("crash_prepare_elf64_headers")

/// A function of the crash kernel, which reads the header.
private func reader(_ name: String) -> CoreFinding.Rule {
  CoreFinding.Rule(file: "fs/proc/vmcore.c", name: name)
}

/// A function of the running kernel, which writes the header for its crash kernel.
private func writer(_ name: String) -> CoreFinding.Rule {
  CoreFinding.Rule(file: "kernel/crash_core.c", name: name)
}
