// SPDX-License-Identifier: Apache-2.0

package import ELF
package import PhysicalMemory

/// A program header of a core header, and its likely role.
///
/// The file does not state roles: the size of a note and the address of a mapping decide.
package struct CoreSegment: Hashable, Sendable {
  package enum Role: Hashable, Sendable {
    /// The registers of a CPU, with the number of the note, from 0. Notes are in the order of the CPUs'
    /// numbers, and some CPUs may have none.
    case cpuNote(Int)
    case vmcoreinfo, kernelText, memory
    /// Low memory that is copied elsewhere before the crash kernel runs.
    case backup
    /// Another type of program header, which the crash kernel passes on.
    case other
  }

  package let role: Role
  package let header: ProgramHeader

  /// Its physical addresses; nil when it is empty or passes the end of the address space.
  package var range: PhysicalRange? {
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
  ///   - vmcoreinfo: the place of that note; nil for the last note that is too large for registers.
  package static func segments(
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
  /// Registers take less than 1 KiB, vmcoreinfo a page or more (`include/linux/vmcore_info.h`).
  fileprivate func placeOfVMCoreInfo(at range: PhysicalRange?) -> Int? {
    let exact = firstIndex {
      $0.type == ProgramHeader.note && range?.start == $0.offset && range?.size == $0.memorySize
    }
    return exact ?? lastIndex { $0.type == ProgramHeader.note && $0.memorySize > 4096 }
  }

  /// The kernel's mapping is the first `PT_LOAD`, and is either outside of the linear map or covers a part
  /// of a range in it.
  fileprivate func placeOfKernelText(on machine: Machine) -> Int? {
    guard let first = firstIndex(where: { $0.type == ProgramHeader.load }),
      self[first].hasVirtualAddress
    else { return nil }
    let rest = self[(first + 1)...].filter { $0.type == ProgramHeader.load }
    let isLinear = rest.contains {
      $0.hasVirtualAddress && $0.offsetOfMap == self[first].offsetOfMap
    }
    let isPart =
      machine.textIsInLinearMap
      && rest.contains { $0.memory.flatMap(self[first].isWithin) == true }
    return rest.isEmpty || isLinear && !isPart ? nil : first
  }
}

extension ProgramHeader {
  /// Whether the virtual address is known: neither 0 nor all ones.
  var hasVirtualAddress: Bool { virtualAddress != 0 && virtualAddress != .max }

  /// Whether it is an address of the upper half, where kernels are.
  var hasKernelAddress: Bool { hasVirtualAddress && virtualAddress >> 63 == 1 }

  /// What is added to a physical address for the virtual one, modulo 2^64.
  package var offsetOfMap: UInt64 { virtualAddress &- physicalAddress }

  /// Its memory; nil when it is empty or wraps.
  package var memory: PhysicalRange? { PhysicalRange(start: physicalAddress, size: memorySize) }

  fileprivate func isWithin(_ range: PhysicalRange) -> Bool? { memory.map(range.contains) }

  /// Whether its bytes are a copy of low memory, of 640 KiB at most.
  fileprivate func isBackup(on machine: Machine) -> Bool {
    type == Self.load && offset != physicalAddress
      && physicalAddress < machine.backupLimit && memorySize <= 0xa_0000
  }
}

// What differs between the crash dumps of architectures.
extension Machine {
  /// Whether a crash kernel refuses every 64-bit header: `arch/arm/include/asm/elf.h:vmcore_elf64_check_arch`.
  var refusesCoreHeaders: Bool { self == .arm }

  /// Memory that no dump has: `arch/x86/kernel/crash.c:elf_header_exclude_ranges`.
  package var undumped: PhysicalRange? { self == .x86_64 ? PhysicalRange(0..<1 << 20) : nil }

  /// The end of the memory that may be backed up. ppc64 saves 64 KiB from 0 on
  /// (`arch/powerpc/kexec/crash.c:sync_backup_region_phdr`), kexec-tools on x86 up to 640 KiB.
  var backupLimit: UInt64 { self == .x86_64 ? 0xa_0000 : 1 }

  /// Whether the kernel's own mapping is a part of the linear map, not outside of it.
  var textIsInLinearMap: Bool { self == .loongarch }
}
