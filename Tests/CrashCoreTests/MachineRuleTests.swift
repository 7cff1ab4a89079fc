// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import PhysicalMemory
import TestSupport
import Testing

/// Each test changes one fact of the machine, or one part of its header: nothing else is found.
@Suite struct `A core header compared with its machine` {
  @Test func `fits it`() throws {
    #expect(try findings() == [])
  }

  @Test func `leaves the crash kernel's memory out`() throws {
    let findings = try findings { header, _ in
      header.memory[0] = try header.memory[0].ending(at: 0x9150_0000)
    }

    #expect(findings.map(\.problem) == [.inCrashRegion(try range(0x9140_0000, 0x10_0000))])
    #expect(findings.map(\.place) == [.programHeader(4)])
    #expect(findings.map(\.severity) == [.useless])
  }

  /// `arch/powerpc/kexec/ranges.c:add_rtas_mem_range`; kexec-tools rounds it to pages.
  @Test(arguments: [0x83c, 0x1000, 0x1_0000] as [UInt64])
  func `may have the firmware's memory in the crash kernel's`(size: UInt64) throws {
    let findings = try findings { header, machine in
      machine.firmware = PhysicalRangeSet([try range(0x92ff_0000, 0x83c)])
      header.memory.append(
        CoreHeader.Memory(
          range: try range(0x92ff_0000, size), virtualAddress: 0xffff_3a84_92ff_0000))
    }

    #expect(findings == [])
  }

  @Test func `lists each range of missing memory`() throws {
    let findings = try findings { header, machine in
      machine.memory = machine.memory?.union(PhysicalRangeSet([try range(0x1_0000_0000, 0x1000)]))
      header.memory[1] = try header.memory[1].ending(at: 0x9fff_f000)
    }

    #expect(
      findings.map(\.problem) == [
        .missingMemory(try range(0x9fff_f000, 0x1000)),
        .missingMemory(try range(0x1_0000_0000, 0x1000)),
      ])
    #expect(findings.map(\.severity) == [.useless, .useless])
  }

  @Test func `may lack what was left out on purpose`() throws {
    let findings = try findings { header, machine in
      machine.excluded = PhysicalRangeSet([try range(0x9fff_f000, 0x800)])
      header.memory[1] = try header.memory[1].ending(at: 0x9fff_f000)
    }

    #expect(findings.map(\.problem) == [.missingMemory(try range(0x9fff_f800, 0x800))])
  }

  /// `arch/x86/kernel/crash.c:elf_header_exclude_ranges`.
  @Test(arguments: [(.x86_64, 0xf_f000), (.arm64, nil)] as [(Machine, UInt64?)])
  func `lacks the first MiB on x86 only`(elfMachine: Machine, size: UInt64?) throws {
    let low = PhysicalRangeSet([try range(0x1000, 0xf_f000)])
    let findings = try findings { header, machine in
      (header.machine, machine.machine) = (elfMachine, elfMachine)
      machine.memory = machine.memory?.union(low)
    }

    let missing = low.ranges.map(CoreProblem.missingMemory)
    #expect(findings.map(\.problem) == (size == nil ? missing : []))
  }

  @Test func `does not cover what is no memory`() throws {
    let findings = try findings { header, _ in
      header.memory[1] = try header.memory[1].ending(at: 0xa000_1000)
    }

    #expect(findings.map(\.problem) == [.notMemory(try range(0xa000_0000, 0x1000))])
    #expect(findings.map(\.place) == [.programHeader(5)])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test func `may have edges within a page where all of the page is memory`() throws {
    let findings = try findings { header, machine in
      let memory = try range(0x2000, 0x1000)
      machine.memory = machine.memory?.union(PhysicalRangeSet([memory]))
      header.memory.append(
        CoreHeader.Memory(range: try range(0x2000, 0x83c), virtualAddress: 0))
      header.memory.append(
        CoreHeader.Memory(range: try range(0x283c, 0x7c4), virtualAddress: 0))
    }

    #expect(findings == [])
  }

  @Test func `has the notes of all CPUs`() throws {
    let findings = try findings { header, _ in header.cpuNotes.removeLast() }

    #expect(findings.map(\.problem) == [.missingNote(try range(0x9ffd_2000, 0x1a8))])
    #expect(findings.map(\.severity) == [.useless])
  }

  /// A kernel writes notes of CPUs that may come too; user space does not see those.
  @Test func `is doubted for notes of other CPUs`() throws {
    let findings = try findings { header, _ in
      header.cpuNotes.append(try range(0x9fff_2000, 0x1a8))
    }

    #expect(findings.map(\.problem) == [.staleNote(try range(0x9fff_2000, 0x1a8))])
    #expect(findings.map(\.place) == [.programHeader(2)])
    #expect(findings.map(\.severity) == [.warning])
  }

  @Test(arguments: [(0, 2), (1, 2), (2, 0), (3, 0)])
  func `may have notes of as many other CPUs as can be plugged in`(absent: Int, count: Int) throws {
    let findings = try findings { header, machine in
      machine.absentCPUs = absent
      header.cpuNotes += [try range(0x9fff_2000, 0x1a8), try range(0x9fff_3000, 0x1a8)]
    }

    #expect(findings.count == count)
  }

  @Test func `is stale after the notes have moved`() throws {
    let findings = try findings { header, _ in
      header.cpuNotes[1] = try range(0x9ffd_3000, 0x1a8)
    }

    #expect(
      findings.map(\.problem) == [
        .staleNote(try range(0x9ffd_3000, 0x1a8)), .missingNote(try range(0x9ffd_2000, 0x1a8)),
      ])
  }

  @Test func `has the notes in the order of the CPUs`() throws {
    let findings = try findings { header, _ in header.cpuNotes.reverse() }

    #expect(findings.map(\.problem) == [.notesInOtherOrder])
    #expect(findings.map(\.severity) == [.warning])
  }

  @Test func `has this boot's vmcoreinfo`() throws {
    let findings = try findings { header, _ in
      header.vmcoreinfo = try range(0x4155_b000, 0x1024)
    }

    #expect(
      findings.map(\.problem) == [
        .otherVMCoreInfo(try range(0x4155_b000, 0x1024), expected: try range(0x4155_a000, 0x1024))
      ])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test(arguments: [(0x9200_0000, true), (0x4200_0000, false)] as [(UInt64, Bool)])
  func `keeps the copy of low memory in the crash kernel's`(source: UInt64, isKept: Bool) throws {
    let findings = try findings { header, machine in
      let low = try range(0, 0x1_0000)
      machine.memory = machine.memory?.union(PhysicalRangeSet([low]))
      header.memory.append(
        CoreHeader.Memory(range: low, virtualAddress: 0xffff_3a84_0000_0000, source: source))
    }

    #expect(
      findings.map(\.problem)
        == (isKept ? [] : [.backupNotKept(try range(source, 0x1_0000))]))
  }

  /// One outside of memory cannot be read, one in the crash kernel's is written over.
  @Test(arguments: [(0x1_0000_0000, false), (0x9200_0000, true)] as [(UInt64, Bool)])
  func `has its notes in memory that is kept`(start: UInt64, isCrashRegion: Bool) throws {
    let (cpu, kernel) = (try range(start, 0x1a8), try range(start + 0x1000, 0x1024))
    let findings = try findings { header, machine in
      (header.cpuNotes[1], header.vmcoreinfo) = (cpu, kernel)
      (machine.cpuNotes, machine.vmcoreinfo) = (header.cpuNotes, kernel)
    }

    #expect(
      findings.map(\.problem)
        == [cpu, kernel].map { isCrashRegion ? .inCrashRegion($0) : .notMemory($0) })
    #expect(findings.map(\.place) == [.programHeader(1), .programHeader(2)])
    #expect(findings.map(\.severity) == [.useless, .useless])
  }

  @Test func `is in the machine's linear map`() throws {
    let findings = try findings { _, machine in machine.linearMap = 0xffff_0000_0000_0000 }

    let expected: UInt64 = 0xffff_0000_0000_0000
    #expect(
      findings.map(\.problem)
        == Array(
          repeating: .otherLinearMap(0xffff_3a84_0000_0000, expected: expected), count: 2))
    #expect(findings.map(\.place) == [.programHeader(4), .programHeader(5)])
    #expect(findings.map(\.severity) == [.useless, .useless])
  }

  @Test func `has the kernel where the machine has it`() throws {
    let findings = try findings { _, machine in
      machine.kernelText?.virtualAddress = 0xffff_8000_4020_0000
    }

    #expect(
      findings.map(\.problem) == [
        .otherKernelMap(0xffff_a8cd_5160_0000, expected: 0xffff_8000_0000_0000)
      ])
    #expect(findings.map(\.place) == [.programHeader(3)])
  }

  /// kexec-tools may begin with `_stext`, and rounds.
  @Test(arguments: [(0x1_0000, true), (0x0, true), (0x100_0000, false)] as [(UInt64, Bool)])
  func `has the kernel in the memory of the machine's`(distance: UInt64, isGood: Bool) throws {
    let moved = try range(0x4020_0000 + distance, 0x69_0000)
    let findings = try findings { header, _ in
      header.kernelText?.range = moved
      header.kernelText?.virtualAddress += distance
    }

    let expected = try range(0x4020_0000, 0x6a_0000)
    #expect(
      findings.map(\.problem) == (isGood ? [] : [.otherKernelPlace(moved, expected: expected)]))
  }

  @Test func `has the kernel where it is linked`() throws {
    let findings = try findings { header, _ in header.kernelText = nil }

    #expect(findings.map(\.problem) == [.noKernelText])
    #expect(findings.map(\.severity) == [.warning])
  }

  /// One window of LoongArch's address space holds memory and the kernel in it.
  @Test func `has the kernel within memory on LoongArch`() throws {
    let offset: UInt64 = 0x9000_0000_0000_0000
    let findings = try findings { header, machine in
      (header.machine, machine.machine, machine.linearMap) = (.loongarch, .loongarch, offset)
      header.kernelText?.virtualAddress = offset + 0x4020_0000
      machine.kernelText = header.kernelText
      for index in header.memory.indices {
        header.memory[index].virtualAddress = offset + header.memory[index].range.start
      }
    }

    #expect(findings == [])
  }

  /// Each segment is looked up, not compared with all ranges of the machine.
  @Test func `is compared in time that grows with its size`() throws {
    func seconds(_ count: UInt64) throws -> Double {
      let machine = CoreMachine(
        machine: .arm64,
        memory: PhysicalRangeSet(try (0..<count * 8).map { try range($0 << 21, 1 << 20) }),
        crashRegions: PhysicalRangeSet(
          try (0..<count * 8).map { try range($0 << 21 + 1 << 20, 1 << 16) }))
      var header = try CoreHeader.golden()
      header.memory = try (0..<count).map {
        CoreHeader.Memory(range: try range($0 << 21, 1 << 20), virtualAddress: 0)
      }
      let bytes = try header.bytes()
      return processorSeconds {
        _ = CoreHeaderCheck(of: machine).findings(in: bytes.span)
      }
    }

    #expect(try seconds(8000) < 40 * seconds(1000) + 0.05)
  }

  @Test func `is not compared with what is not known`() throws {
    let findings = try findings { header, machine in
      header.cpuNotes[0] = try range(0x1000, 0x1a8)
      header.vmcoreinfo = try range(0x2000, 0x1024)
      header.memory[1] = try header.memory[1].ending(at: 0x1_0000_0000)
      machine = CoreMachine(machine: .arm64)
    }

    #expect(findings == [])
  }
}

/// What is found in a changed header of a changed machine.
private func findings(
  _ change: (inout CoreHeader, inout CoreMachine) throws -> Void = { _, _ in }
) throws -> [CoreFinding] {
  var (header, machine) = (try CoreHeader.golden(), try CoreMachine.golden())
  try change(&header, &machine)
  let bytes = try header.bytes()
  return CoreHeaderCheck(of: machine).findings(in: bytes.span)
}

extension CoreHeader.Memory {
  /// The same start, another end.
  fileprivate func ending(at end: UInt64) throws -> Self {
    let whole = try #require(PhysicalRange(start: range.start, end: end))
    return Self(range: whole, virtualAddress: virtualAddress)
  }
}
