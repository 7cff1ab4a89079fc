// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

extension CoreProblem: CustomStringConvertible {
  /// What was found, and what should be.
  package var description: String {
    switch self {
    case .notELF: "not the magic number of an ELF file"
    case .truncated(let size): "the file ends before \(size) bytes, which the crash kernel reads"
    case .fileClass(let value): "EI_CLASS is \(value); a 64-bit header has 2"
    case .notChecked:
      "EI_CLASS is 1: a 32-bit header; what 32-bit kernels want of it is not checked here"
    case .mislabelledByteOrder(let value, let expected):
      "EI_DATA is \(value), and the fields are in the order that is \(expected); tools will misread them"
    case .otherByteOrder: "the fields are not in the byte order of this machine"
    case .identificationVersion(let value): "EI_VERSION is \(value), not 1"
    case .type(let value): "e_type is \(value), not 4 (ET_CORE)"
    case .otherMachine(let value, let expected):
      "e_machine is \(value.rawValue); this machine's is \(expected.rawValue)"
    case .neverAccepted:
      "e_machine is \(Machine.arm.rawValue) (arm), and a 32-bit arm kernel takes no 64-bit header"
    case .unknownMachine(let value):
      "e_machine is \(value.rawValue), of no crash kernel that is known here"
    case .version(let value): "e_version is \(value), not 1"
    case .tableElsewhere(let value):
      "e_phoff is \(hex(value)); the crash kernel reads program headers from 0x40 on"
    case .headerSize(let value): "e_ehsize is \(value), not 64"
    case .entrySize(let value): "e_phentsize is \(value), not 56"
    case .noProgramHeaders: "e_phnum is 0"
    case .extendedCount:
      "e_phnum is 65535: the crash kernel reads as many, others look for the count elsewhere"
    case .trailingBytes: "not zero; nothing is behind the program headers"
    case .noNotes: "there is no PT_NOTE"
    case .noteNotFirst(let other):
      "a PT_NOTE behind program header \(other), which the merged notes overwrite"
    case .noteTooSmall(let size): "a PT_NOTE of \(size) bytes; the header of a note takes 12"
    case .noteTooLarge(let size):
      "a PT_NOTE of \(hex(size)) bytes; a kernel with pages of 4096 allocates 0x400000 at most"
    case .noteOverlap(let range, let other):
      "\(range) is also in the PT_NOTE that is program header \(other)"
    case .noVMCoreInfo: "no PT_NOTE is as large as vmcoreinfo, without which no tool reads a dump"
    case .noMemory: "there is no PT_LOAD"
    case .empty: "a PT_LOAD of no bytes"
    case .sizesDiffer(let file, let memory):
      "p_filesz is \(hex(file)) and p_memsz \(hex(memory)): tools take the difference for left out"
    case .wraps(let start, let size):
      "\(hex(size)) bytes from \(hex(start)) on pass the end of the address space"
    case .otherSource(let offset, let address):
      "the bytes of \(hex(address)) are fetched from \(hex(offset)), and it is no backup"
    case .noPhysicalAddresses: "p_paddr is 0 everywhere: tools cannot find physical memory"
    case .overlap(let range, let other): "\(range) is also in program header \(other)"
    case .unaligned(let range):
      "\(range) is not whole pages; the crash kernel reads what else is in them"
    case .userAddress(let address): "p_vaddr is \(hex(address)), which is no address of a kernel"
    case .twoLinearMaps(let offset, let others):
      "p_vaddr - p_paddr is \(hex(offset)); in memory before it, \(hex(others))"
    case .otherLinearMap(let offset, let expected):
      "p_vaddr - p_paddr is \(hex(offset)); this machine's linear map has \(hex(expected))"
    case .otherKernelMap(let offset, let expected):
      "p_vaddr - p_paddr is \(hex(offset)); this machine's kernel has \(hex(expected))"
    case .otherKernelPlace(let range, let expected):
      "the kernel is said to be at \(range); this machine's is at \(expected)"
    case .noKernelText: "there is no PT_LOAD where the kernel is linked; this machine's has one"
    case .inCrashRegion(let range): "\(range) is the crash kernel's own memory"
    case .notMemory(let range): "\(range) is no memory of this machine; reading it may hang"
    case .missingMemory(let range): "\(range) is memory of this machine, and in no PT_LOAD"
    case .backupNotKept(let range): "\(range), the copy of low memory, is not the crash kernel's"
    case .staleNote(let range): "\(range) is not where a CPU of this machine writes its registers"
    case .missingNote(let range):
      "\(range) is where a CPU of this machine writes its registers, and no PT_NOTE says so"
    case .notesInOtherOrder: "the PT_NOTEs are not in the order of this machine's CPUs"
    case .otherVMCoreInfo(let range, let expected):
      "vmcoreinfo is said to be \(range); this machine's is \(expected)"
    }
  }
}
