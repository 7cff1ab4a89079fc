// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat
public import ELF
public import PhysicalMemory

/// The known facts of the machine that a core header describes; what is nil is not compared.
public struct CoreMachine: Hashable, Sendable {
  /// The architecture.
  public var machine: Machine?
  /// The byte order of its kernels.
  public var byteOrder: ByteOrder?
  /// All memory that belongs into a dump, crash kernels' included.
  public var memory: PhysicalRangeSet?
  /// The memory set apart for crash kernels; empty when there is none.
  public var crashRegions: PhysicalRangeSet?
  /// Memory that is left out of the dump on purpose.
  public var excluded: PhysicalRangeSet
  /// Memory of the firmware that is dumped although it lies in a crash region: RTAS and OPAL of ppc64
  /// (`arch/powerpc/kexec/ranges.c:get_crash_memory_ranges`).
  public var firmware: PhysicalRangeSet
  /// The register notes of the CPUs, in the order of their numbers.
  public var cpuNotes: [PhysicalRange]?
  /// How many CPUs may be plugged in later. Kernels since 6.6 list their notes too, at addresses that they
  /// do not show (`kernel/crash_core.c:crash_prepare_elf64_headers`).
  public var absentCPUs: Int
  /// The vmcoreinfo note.
  public var vmcoreinfo: PhysicalRange?
  /// What is added to a physical address for the linear map, modulo 2^64.
  public var linearMap: UInt64?
  /// The kernel's virtual and physical addresses.
  public var kernelText: CoreHeader.KernelText?

  /// A machine with these facts.
  public init(
    machine: Machine? = nil, byteOrder: ByteOrder? = nil, memory: PhysicalRangeSet? = nil,
    crashRegions: PhysicalRangeSet? = nil, excluded: PhysicalRangeSet = PhysicalRangeSet([]),
    firmware: PhysicalRangeSet = PhysicalRangeSet([]),
    cpuNotes: [PhysicalRange]? = nil, absentCPUs: Int = 0, vmcoreinfo: PhysicalRange? = nil,
    linearMap: UInt64? = nil, kernelText: CoreHeader.KernelText? = nil
  ) {
    self.machine = machine
    self.byteOrder = byteOrder
    self.memory = memory
    self.crashRegions = crashRegions
    self.excluded = excluded
    self.firmware = firmware
    self.cpuNotes = cpuNotes
    self.absentCPUs = absentCPUs
    self.vmcoreinfo = vmcoreinfo
    self.linearMap = linearMap
    self.kernelText = kernelText
  }
}
