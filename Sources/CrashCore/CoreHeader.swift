// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import ELF
public import PhysicalMemory

/// The ELF file in front of a crash dump (`elfcorehdr`): where the crashed kernel's memory and notes
/// are, for the crash kernel that serves them as `/proc/vmcore`.
///
/// The offset of a program header is no place in a file but a physical address of the crashed
/// machine: there the reader fetches the bytes. Source: `kernel/crash_core.c:crash_prepare_elf64_headers`.
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

  /// The kernel where it is linked and where it lies: `_text` to `_end`.
  public struct KernelText: Hashable, Sendable {
    /// The address of `_text`.
    public var virtualAddress: UInt64
    /// The memory it is in.
    public var range: PhysicalRange

    /// The distance from its physical to its virtual address, modulo 2^64.
    public var offsetOfMap: UInt64 { virtualAddress &- range.start }

    /// A mapping of the kernel.
    public init(virtualAddress: UInt64, range: PhysicalRange) {
      self.virtualAddress = virtualAddress
      self.range = range
    }
  }

  /// One piece of memory.
  public struct Memory: Hashable, Sendable {
    /// Where it is in the crashed machine.
    public var range: PhysicalRange
    /// Its first byte in the linear map; 0 where that is not known, which readers take so.
    public var virtualAddress: UInt64
    /// Where its bytes are fetched from: its own start, or a copy's that was made at the crash.
    public var source: UInt64

    /// A piece of memory; without a source, its own.
    public init(range: PhysicalRange, virtualAddress: UInt64, source: UInt64? = nil) {
      self.range = range
      self.virtualAddress = virtualAddress
      self.source = source ?? range.start
    }
  }

  /// A core header of these parts.
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
  /// The program headers, in the order of the kernel: the notes must come first, for the reader merges
  /// them into the first entry.
  public var programHeaders: [ProgramHeader] {
    cpuNotes.map(ProgramHeader.init(note:)) + [ProgramHeader(note: vmcoreinfo)]
      + (kernelText.map { [ProgramHeader(Memory($0))] } ?? [])
      + memory.map(ProgramHeader.init)
  }
}

extension CoreHeader.Memory {
  fileprivate init(_ text: CoreHeader.KernelText) {
    self.init(range: text.range, virtualAddress: text.virtualAddress)
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
