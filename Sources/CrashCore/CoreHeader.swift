// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import ELF
public import PhysicalMemory

/// The ELF file in front of a crash dump (`elfcorehdr`): where the crashed kernel's memory and notes
/// are, for the crash kernel that serves them as `/proc/vmcore`.
///
/// The offset of a program header is a physical address of the crashed machine, from which the reader
/// fetches the bytes. Source: `kernel/crash_core.c:crash_prepare_elf64_headers`.
public struct CoreHeader: Hashable, Sendable {
  /// The architecture.
  public var machine: Machine
  /// The byte order of the crashed kernel.
  public var byteOrder: ByteOrder
  /// The register notes, one range a CPU, in the order of the CPUs' numbers.
  public var cpuNotes: [PhysicalRange]
  /// The vmcoreinfo note. Without it the crash kernel refuses a dump whose CPUs saved no registers
  /// (`fs/proc/vmcore.c:merge_note_headers_elf64`), and makedumpfile and drgn cannot read one.
  public var vmcoreinfo: PhysicalRange
  /// The kernel's own mapping; nil for ppc64, which has none.
  public var kernelText: KernelText?
  /// The memory to dump, in the order of the file.
  public var memory: [Memory]

  /// The kernel's virtual and physical addresses: `_text` to `_end`.
  public struct KernelText: Hashable, Sendable {
    /// The address of `_text`.
    public var virtualAddress: UInt64
    /// Its physical addresses.
    public var range: PhysicalRange

    /// What is added to a physical address for the virtual one, modulo 2^64.
    public var offsetOfMap: UInt64 { virtualAddress &- range.start }

    /// A mapping of the kernel.
    public init(virtualAddress: UInt64, range: PhysicalRange) {
      self.virtualAddress = virtualAddress
      self.range = range
    }
  }

  /// A range of memory to dump.
  public struct Memory: Hashable, Sendable {
    /// Its physical addresses in the crashed machine.
    public var range: PhysicalRange
    /// The address of its first byte in the linear map; 0 when unknown, as readers take it.
    public var virtualAddress: UInt64
    /// Where its bytes are fetched from: its own start, or that of a copy made at the crash.
    public var source: UInt64

    /// A range of memory; without a source, its own start.
    public init(range: PhysicalRange, virtualAddress: UInt64, source: UInt64? = nil) {
      self.range = range
      self.virtualAddress = virtualAddress
      self.source = source ?? range.start
    }
  }

  /// A core header with these contents.
  public init(
    machine: Machine, byteOrder: ByteOrder, cpuNotes: [PhysicalRange], vmcoreinfo: PhysicalRange,
    kernelText: KernelText?, memory: [Memory]
  ) {
    self.machine = machine
    self.byteOrder = byteOrder
    self.cpuNotes = cpuNotes
    self.vmcoreinfo = vmcoreinfo
    self.kernelText = kernelText
    self.memory = memory
  }
}

extension CoreHeader {
  /// The program headers, in the order of the kernel: notes come first, because the reader merges them
  /// into the first entry.
  public var programHeaders: [ProgramHeader] {
    cpuNotes.map(ProgramHeader.init(note:)) + [ProgramHeader(note: vmcoreinfo)]
      + (kernelText.map { [Memory(range: $0.range, virtualAddress: $0.virtualAddress)] } ?? [])
      .map(ProgramHeader.init)
      + memory.map(ProgramHeader.init)
  }

  /// Whose padding the bytes have; the program headers are the same.
  public enum Style: Hashable, Sendable {
    /// Linux: blocks of 4096 bytes (`ELF_CORE_HEADER_ALIGN`), with room for one more program header when
    /// there is no mapping of the kernel. One field differs: a big-endian kernel writes 1 to `EI_DATA`,
    /// which misleads tools; here it is 2, and no crash kernel looks at it.
    case kernel
    /// kexec-tools: blocks of 1024 bytes (`kexec/crashdump-elf.c`).
    case kexecTools
  }

  /// The bytes, zero-filled to the size that the maker reserves.
  ///
  /// - Throws: `FormatError.tooMany` for more program headers than a file can count: join
  ///   neighbouring ranges of memory.
  public func bytes(style: Style = .kernel) throws(FormatError) -> [UInt8] {
    let programHeaders = programHeaders
    var bytes = try ELFFile(coreOf: machine, byteOrder, programHeaders).bytes
    var count = programHeaders.count
    if style == .kernel, kernelText == nil { count += 1 }
    let block = style == .kernel ? 4096 : 1024
    let size = (ELFHeader.size + count * ProgramHeader.size + block - 1) / block * block
    bytes += repeatElement(0, count: size - bytes.count)
    return bytes
  }
}

extension ProgramHeader {
  fileprivate init(note range: PhysicalRange) {
    self.init(
      type: Self.note, flags: 0, offset: range.start, virtualAddress: 0,
      physicalAddress: range.start, fileSize: range.size, memorySize: range.size)
  }

  fileprivate init(_ memory: CoreHeader.Memory) {
    self.init(
      type: Self.load, flags: 7, offset: memory.source, virtualAddress: memory.virtualAddress,
      physicalAddress: memory.range.start, fileSize: memory.range.size,
      memorySize: memory.range.size)
  }
}
