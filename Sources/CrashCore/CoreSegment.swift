// SPDX-License-Identifier: Apache-2.0

public import ELF
public import PhysicalMemory

/// A program header of a core header, and what it seems to be for.
///
/// The file does not say: notes are told apart by their size, the kernel's mapping by its address.
public struct CoreSegment: Hashable, Sendable {
  /// What a segment is for.
  public enum Role: Hashable, Sendable {
    /// The registers of a CPU: which of the notes it is, from 0. Notes are in the order of the CPUs'
    /// numbers, some of which may be left out.
    case cpuNote(Int)
    /// What the kernel says of itself.
    case vmcoreinfo
    /// The kernel, where it is linked.
    case kernelText
    /// Memory of the crashed machine.
    case memory
    /// Low memory that is copied elsewhere before the crash kernel runs.
    case backup
    /// Another type of program header; the crash kernel carries it along.
    case other
  }

  /// What it seems to be for.
  public let role: Role
  /// The program header.
  public let header: ProgramHeader

  /// The memory it stands for; nil when it is empty or passes the end of the address space.
  public var range: PhysicalRange? {
    PhysicalRange(
      start: header.type == ProgramHeader.note ? header.offset : header.physicalAddress,
      size: header.memorySize)
  }

  /// Whether it is memory by its place in the linear map.
  var isMemory: Bool { role == .memory || role == .backup }

  /// The program headers of a core header with their roles, in order.
  ///
  /// - Parameters:
  ///   - headers: in the order of the file.
  ///   - machine: the architecture.
  ///   - vmcoreinfo: where that note is; without it, it is the last note too large for registers.
  public static func segments(
    _ headers: [ProgramHeader], machine: Machine, vmcoreinfo: PhysicalRange? = nil
  ) -> [CoreSegment] {
    let vmcoreinfo = headers.placeOfVMCoreInfo(at: vmcoreinfo)
    let kernelText = headers.placeOfKernelText(on: machine)
    let backup = headers.firstIndex { $0.isBackup(on: machine) }
    var noteCount = 0
    return headers.indices.map { index in
      let role: Role
      switch headers[index].type {
      case ProgramHeader.note where index == vmcoreinfo: role = .vmcoreinfo
      case ProgramHeader.note:
        role = .cpuNote(noteCount)
        noteCount += 1
      case ProgramHeader.load where index == kernelText: role = .kernelText
      case ProgramHeader.load: role = index == backup ? .backup : .memory
      default: role = .other
      }
      return CoreSegment(role: role, header: headers[index])
    }
  }
}

extension [ProgramHeader] {
  /// Registers take less than 1 KiB; what a kernel says of itself, a page and more
  /// (`include/linux/vmcore_info.h`).
  fileprivate func placeOfVMCoreInfo(at range: PhysicalRange?) -> Int? {
    let isThere = firstIndex {
      $0.type == ProgramHeader.note && range?.start == $0.offset && range?.size == $0.memorySize
    }
    return isThere ?? lastIndex { $0.type == ProgramHeader.note && $0.memorySize > 4096 }
  }

  /// The kernel's mapping comes before all memory, and leads elsewhere than the linear map, or it is a
  /// part of that, as no memory is.
  fileprivate func placeOfKernelText(on machine: Machine) -> Int? {
    guard let first = firstIndex(where: { $0.type == ProgramHeader.load }),
      self[first].hasVirtualAddress
    else { return nil }
    let others = self[(first + 1)...].filter { $0.type == ProgramHeader.load }
    let isLinear = others.contains {
      $0.hasVirtualAddress && $0.offsetOfMap == self[first].offsetOfMap
    }
    let isPart =
      machine.textIsInLinearMap
      && others.contains { $0.memory.flatMap(self[first].isWithin) == true }
    return others.isEmpty || isLinear && !isPart ? nil : first
  }
}

extension ProgramHeader {
  /// Whether the address is known: 0 and all ones say that it is not.
  var hasVirtualAddress: Bool { virtualAddress != 0 && virtualAddress != .max }

  /// Whether the address is known, and one of the upper half, where kernels are.
  var hasKernelAddress: Bool { hasVirtualAddress && virtualAddress >> 63 == 1 }
  /// The distance from its physical to its virtual address, modulo 2^64.
  package var offsetOfMap: UInt64 { virtualAddress &- physicalAddress }

  /// Its memory; nil when it is empty or wraps.
  package var memory: PhysicalRange? { PhysicalRange(start: physicalAddress, size: memorySize) }

  fileprivate func isWithin(_ range: PhysicalRange) -> Bool? { memory.map(range.contains) }

  /// Whether the bytes are in a copy of low memory: of 640 KiB at most.
  fileprivate func isBackup(on machine: Machine) -> Bool {
    type == Self.load && offset != physicalAddress
      && physicalAddress < machine.backupLimit && memorySize <= 0xa_0000
  }
}
