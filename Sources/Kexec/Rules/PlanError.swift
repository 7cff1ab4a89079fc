// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import DeviceTree
public import KernelImage
public import PhysicalMemory

/// The reason there can be no tree, or no plan, for the next kernel; later versions may know more.
public enum PlanError: Error, Hashable, Sendable {
  /// The tree cannot be read or edited as needed.
  case tree(DeviceTreeError)
  /// An edit that the caller asked for cannot be made.
  case edit(String, DeviceTreeError)
  /// A board's tree and the machine's, which are to be merged, contradict each other.
  case conflict(MergeConflict)
  /// The tree of a machine, of this name, cannot be read as needed.
  case machineTree(String, DeviceTreeError)
  /// The tree of a machine, of this name, has what cannot be merged with a board's.
  case notMerged(String, reason: String)
  /// An overlay, of this name, does not fit the tree.
  case overlay(String, DeviceTreeError)
  /// A reservation to be deleted is not there; the others are.
  case notReserved(PhysicalRange, [AddressAndSize])
  /// An edit that the caller asked for would be lost: the hand-over writes this property of
  /// `/chosen`.
  case editUndone(property: String)
  /// There are so many reservations, or properties in `/chosen`, that editing them, each edit moving
  /// the rest, would take minutes.
  case tooMany(place: String, count: Int, limit: Int)
  /// The next kernel's architecture takes no tree from this package.
  case unsupported(architecture: Architecture, reason: String)
  /// The next kernel takes a tree, and there is none.
  case noTree(Architecture)
  /// An old `linux,initrd-start` without `linux,initrd-end`, or one that is neither 4 nor 8 bytes.
  case badInitrd(property: String)
  /// The command line, of so many bytes, does not fit the kernel's buffer with its NUL.
  case commandLineTooLong(size: Int, Architecture)
  /// The command line has a NUL byte, which would end it.
  case commandLineHasNUL
  /// An initrd at address 0 means "none" to the kernel.
  case initrdAtZero
  /// The initrd ends beyond the addresses that the kernel keeps for it.
  case initrdTooHigh(PhysicalRange, Architecture)
  /// The initrd shares memory with a reservation that the caller asks for.
  case initrdReserved(PhysicalRange, by: PhysicalRange)
  /// The initrd is not all in memory that the machine has.
  case notInSystemRAM(PhysicalRange)
  /// The initrd is in memory that the tree keeps for something else.
  case initrdNotFree(PhysicalRange, keeper: String, memory: PhysicalRange)
  /// A seed of another size than readers accept.
  case seedSize(property: String, size: Int, expected: Int)
  /// The machine has UEFI: its kernel takes its memory from UEFI's own map, whatever the tree says.
  case memoryIsOfUEFI
  /// A crash kernel reads one or two ranges of usable memory.
  case usableMemoryCount(Int)
  /// The main crash region comes first, and is the higher one.
  case usableMemoryOrder(main: PhysicalRange, low: PhysicalRange)
  /// What a crash kernel is given is not in the memory set apart for it.
  case notInCrashRegion(CrashPart, PhysicalRange)
  /// What a crash kernel is given does not fit the tree's root cells, of which the sizes in bits are told.
  case beyondCells(CrashPart, PhysicalRange, addressBits: Int, sizeBits: Int)
  /// A fact that a core header needs is not known.
  case missing(CrashFact)
  /// A note of a size that no kernel gives it.
  case badNote(CrashFact, PhysicalRange)
  /// Two ranges of RAM share memory.
  case overlappingMemory(PhysicalRange, PhysicalRange)
  /// What a tree says of memory cannot be read: the node, and why.
  case badMemory(String, String)
  /// The copy of the first memory cannot be there.
  case badBackup(UInt64, String)
  /// A command line for a crash kernel says itself where the core header is.
  case coreHeaderOnCommandLine
  /// A command line has a word that would win over what the hand-over says there.
  case handoverOnCommandLine(word: String, Rule)
  /// Something else that is handed over cannot be so.
  case badPart(HandoverPart, reason: String, Rule)
  /// The core header cannot be there.
  case badCoreHeaderPlace(PhysicalRange)
  /// Two ways to the same fact lead to different values.
  case contradiction(String, [Evidence])
  /// A core header with so many program headers cannot be counted.
  case tooManySegments(count: Int, limit: Int)
  /// The finished tree, core header or plan does not pass the rules by which kernels read it.
  case notAccepted([Finding])
  /// Something has no place in memory.
  case noRoom(NoRoom)
  /// The kernel is for another architecture than the machine's.
  case otherKernel(Machine, Architecture)
  /// An initrd without a byte: kernels refuse to load it (`fs/kernel_read_file.c:kernel_read_file`).
  case emptyInitrd
  /// No memory is set apart for a crash kernel.
  case noCrashRegion
  /// An address that the kernel cannot lie at.
  case addressTooHigh(UInt64, Architecture.Limit)
}

extension PlanError: CustomStringConvertible {
  /// One line: where, what was found, what the rule is.
  public var description: String {
    switch self {
    case .tree(let error), .overlay(_, let error):
      "\(error)"
    case .conflict(let conflict):
      "\(conflict)"
    case .machineTree(let name, let error):
      "\(name): \(error)"
    case .notMerged(let name, let reason):
      "\(name): \(reason)"
    case .edit(let edit, let error):
      "\(edit): \(error)"
    case .notReserved(let range, let others):
      """
      \(range): no such reservation; there are \
      \(others.isEmpty ? "none" : others.prefix(8).map(\.text).joined(separator: ", "))
      """
    case .editUndone(let property):
      "/chosen: property '\(property)': the hand-over writes it, so the edit would be lost"
    case .tooMany(let place, let count, let limit):
      "\(place): \(count) entries are more than any machine has; at most \(limit) are edited"
    case .unsupported(let architecture, let reason):
      "\(architecture): \(reason)"
    case .noTree(let architecture):
      "\(architecture): a kernel is started with a device tree, and there is none"
    case .badInitrd(let property):
      """
      /chosen: property '\(property)': an old initrd needs linux,initrd-start and -end, 4 or 8 bytes \
      each
      """
    case .commandLineTooLong(let size, let architecture):
      """
      the command line has \(size) bytes; a kernel for \(architecture) keeps \
      \((architecture.commandLineLimit?.value ?? 1) - 1) and silently cuts the rest\
      \(architecture.commandLineLimit?.rule.note ?? "")
      """
    case .commandLineHasNUL:
      "the command line has a NUL byte; the kernel would end it there"
    case .initrdAtZero:
      "an initrd at address 0 means no initrd to the kernel [kexec.c:of_kexec_alloc_and_setup_fdt]"
    case .initrdTooHigh(let range, let architecture):
      """
      the initrd at \(range) ends beyond what a kernel for \(architecture) can say of it: \
      \(hex(architecture.initrdLimit?.value ?? 0))\(architecture.initrdLimit?.rule.note ?? "")
      """
    case .initrdReserved(let range, let reservation):
      """
      the initrd at \(range) overlaps the reservation asked for at \(reservation); its own is made \
      without asking
      """
    case .notInSystemRAM(let range):
      "the initrd at \(range) is not all in System RAM of /proc/iomem"
    case .initrdNotFree(let range, let keeper, let memory):
      "the initrd at \(range) is in memory that is kept: \(memory), \(keeper)"
    case .seedSize(let property, let size, let expected):
      "/chosen: property '\(property)': \(size) bytes; the kernel reads exactly \(expected)"
    case .memoryIsOfUEFI:
      "the memory of a machine with UEFI is not what its tree says [efi-init.c:efi_init]"
    case .usableMemoryCount(let count):
      """
      \(count) ranges of usable memory; a crash kernel reads 1 or 2, and with none takes all of RAM \
      and destroys the dump [fdt.c:early_init_dt_check_for_usable_mem_range]
      """
    case .usableMemoryOrder(let main, let low):
      """
      usable memory \(main), then \(low): the main region is the higher one, comes first, and \
      does not overlap the low one [fdt.c:early_init_dt_check_for_usable_mem_range]
      """
    case .notInCrashRegion(let part, let range):
      "the \(part) at \(range) is not in the memory set apart for the crash kernel"
    case .beyondCells(let part, let range, let addressBits, let sizeBits):
      """
      the \(part) at \(range): this tree says addresses in \(addressBits) bits and sizes in \(sizeBits) \
      [fdt.c:early_init_dt_scan_root]
      """
    case .missing(let fact):
      fact.description
    case .badNote(let fact, let range):
      """
      \(fact == .vmcoreinfo ? "the vmcoreinfo note" : "register notes") at \(range): \(range.size) \
      bytes, which no kernel sets aside [vmcore_info.h:VMCOREINFO_NOTE_SIZE, note_buf_t]
      """
    case .overlappingMemory(let one, let other):
      "RAM \(one) and \(other) overlap: a dump would have them twice"
    case .badMemory(let node, let reason):
      "\(node): \(reason)"
    case .badBackup(let address, let reason):
      "a copy of the first memory at \(hex(address)): \(reason)"
    case .coreHeaderOnCommandLine:
      "the command line has elfcorehdr=, which would win over the tree [elfcorehdr.c:setup_elfcorehdr]"
    case .handoverOnCommandLine(let word, let rule):
      "the command line has \(word), which would win over what is loaded\(rule.note)"
    case .badPart(let part, let reason, let rule):
      "the \(part): \(reason)\(rule.note)"
    case .badCoreHeaderPlace(let range):
      "a core header at \(range): it starts on a page, has 176 bytes or more, and leaves room"
    case .contradiction(let fact, let ways):
      "\(fact): " + ways.map { "\($0.source) says \($0.value)" }.joined(separator: ", ")
    case .tooManySegments(let count, let limit):
      "\(count) program headers for notes and ranges of memory; a header counts \(limit) at most"
    case .notAccepted(let findings):
      findings.map(\.description).joined(separator: "; ")
    case .noRoom(let room):
      "\(room)"
    case .otherKernel(let machine, let architecture):
      "a kernel for \(machine) on a machine of \(architecture)"
    case .emptyInitrd:
      "an initrd without a byte [kernel_read_file.c:kernel_read_file]"
    case .addressTooHigh(let address, let limit):
      "the kernel is linked for \(hex(address)), above \(hex(limit.value))\(limit.rule.note)"
    case .noCrashRegion:
      "no memory is set apart for a crash kernel"
    }
  }
}
