// SPDX-License-Identifier: Apache-2.0

package import ELF
package import PhysicalMemory

/// What can be wrong with a core header.
package enum CoreProblem: Hashable, Sendable {
  // MARK: The file header

  /// No ELF file.
  case notELF
  /// The file ends before `size` bytes, which the crash kernel reads.
  case truncated(size: Int)
  /// `EI_CLASS` is not that of a 64-bit file.
  case fileClass(UInt8)
  /// A 32-bit header, whose rules are not known here.
  case notChecked
  /// `EI_DATA` is not the byte order that the fields are in.
  case mislabelledByteOrder(UInt8, expected: UInt8)
  /// The fields are in the other byte order than the machine's.
  case otherByteOrder
  /// `EI_VERSION` is not 1.
  case identificationVersion(UInt8)
  /// `e_type` is not `ET_CORE`.
  case type(UInt16)
  /// `e_machine` is not that of the machine.
  case otherMachine(Machine, expected: Machine)
  /// `e_machine` is arm (32-bit), whose kernels take no 64-bit header.
  case neverAccepted
  /// `e_machine` is none whose crash kernel is known here.
  case unknownMachine(Machine)
  /// `e_version` is not 1.
  case version(UInt32)
  /// `e_phoff`: the program headers are not right behind the file header.
  case tableElsewhere(UInt64)
  /// `e_ehsize` is not 64.
  case headerSize(UInt16)
  /// `e_phentsize` is not 56.
  case entrySize(UInt16)
  /// `e_phnum` is 0.
  case noProgramHeaders
  /// `e_phnum` is `PN_XNUM`, which others take for "counted elsewhere".
  case extendedCount
  /// There is a byte other than 0 behind the program headers.
  case trailingBytes

  // MARK: Notes

  /// No `PT_NOTE`.
  case noNotes
  /// A `PT_NOTE` behind a program header of another type.
  case noteNotFirst(behind: Int)
  /// A note has no room for the 12 bytes of its header.
  case noteTooSmall(UInt64)
  /// A note is larger than a kernel allocates at once.
  case noteTooLarge(UInt64)
  /// A note shares bytes with the one before it in memory.
  case noteOverlap(PhysicalRange, with: Int)
  /// No note is as large as vmcoreinfo.
  case noVMCoreInfo

  // MARK: Memory

  /// No `PT_LOAD`.
  case noMemory
  /// A `PT_LOAD` of no bytes.
  case empty
  /// `p_filesz` is not `p_memsz`.
  case sizesDiffer(file: UInt64, memory: UInt64)
  /// The segment passes the end of the address space.
  case wraps(start: UInt64, size: UInt64)
  /// `p_offset` is not `p_paddr`, and it is no backup of low memory.
  case otherSource(UInt64, physicalAddress: UInt64)
  /// `p_paddr` is 0 in every `PT_LOAD`.
  case noPhysicalAddresses
  /// These bytes are also in another `PT_LOAD`.
  case overlap(PhysicalRange, with: Int)
  /// The range does not begin and end with a page of 4096 bytes.
  case unaligned(PhysicalRange)
  /// `p_vaddr` is no address of a kernel.
  case userAddress(UInt64)
  /// `p_vaddr - p_paddr` is not what it is in the segment before.
  case twoLinearMaps(UInt64, others: UInt64)

  // MARK: Compared with the machine

  /// `p_vaddr - p_paddr` is not the machine's.
  case otherLinearMap(UInt64, expected: UInt64)
  /// The same of the kernel's own mapping.
  case otherKernelMap(UInt64, expected: UInt64)
  /// The kernel's own mapping is of other memory than the kernel's.
  case otherKernelPlace(PhysicalRange, expected: PhysicalRange)
  /// There is no mapping of the kernel, and the machine's kernel has one.
  case noKernelText

  /// These bytes are the crash kernel's own.
  case inCrashRegion(PhysicalRange)
  /// These bytes are no memory.
  case notMemory(PhysicalRange)
  /// These bytes of the machine's memory are in no `PT_LOAD`.
  case missingMemory(PhysicalRange)
  /// The copy of low memory is not in the crash kernel's memory.
  case backupNotKept(PhysicalRange)
  /// No CPU of the machine writes its registers there.
  case staleNote(PhysicalRange)
  /// A CPU of the machine writes its registers there, and no note says so.
  case missingNote(PhysicalRange)
  /// The notes are not in the order of the CPUs' numbers.
  case notesInOtherOrder
  /// The machine's vmcoreinfo is elsewhere.
  case otherVMCoreInfo(PhysicalRange, expected: PhysicalRange)
}
