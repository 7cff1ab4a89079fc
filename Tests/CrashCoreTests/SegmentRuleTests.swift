// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import PhysicalMemory
import Testing

/// Each test breaks one rule of a good header: nothing else is found. Program headers 0 to 2 are notes,
/// 3 is the kernel's mapping, 4 and 5 are memory.
@Suite struct `The crash kernel's rules for notes` {
  /// `fs/proc/vmcore.c:merge_note_headers_elf64`: a buffer of no bytes cannot be had.
  @Test func `refuse a header without notes`() throws {
    let findings = try findings { $0.removeFirst(3) }

    #expect(findings.map(\.problem) == [.noNotes])
    #expect(findings.map(\.severity) == [.refused])
    #expect(findings.first?.rule.description == "fs/proc/vmcore.c:merge_note_headers_elf64")
  }

  @Test func `need vmcoreinfo for a dump that can be read`() throws {
    let findings = try findings { $0.remove(at: 2) }

    #expect(findings.map(\.problem) == [.noVMCoreInfo])
    #expect(findings.map(\.severity) == [.useless])
  }

  /// `fs/proc/vmcore.c:merge_note_headers_elf64` writes one note over the first program headers.
  @Test func `want all notes before anything else`() throws {
    let findings = try findings { $0.append($0.remove(at: 1)) }

    #expect(findings.map(\.problem) == [.noteNotFirst(after: 2)])
    #expect(findings.map(\.place) == [.programHeader(5)])
    #expect(findings.map(\.severity) == [.useless])
  }

  /// `fs/proc/vmcore.c:update_note_header_size_elf64` reads a header before it looks at the size.
  @Test(arguments: [0, 11] as [UInt64])
  func `refuse a note without room for its header`(size: UInt64) throws {
    let findings = try findings { $0[0] = $0[0].with(fileSize: size, memorySize: size) }

    #expect(findings.map(\.problem) == [.noteTooSmall(size)])
    #expect(findings.map(\.place) == [.programHeader(0)])
    #expect(findings.map(\.severity) == [.refused])
  }

  /// Two CPUs would write their registers over each other's.
  @Test(arguments: [(0, 0x9ffb_e000), (1, 0x4155_a010)] as [(Int, UInt64)])
  func `do not share bytes`(other: Int, start: UInt64) throws {
    let findings = try findings { headers in
      headers[1] = headers[1].with(offset: start, physicalAddress: start)
    }

    #expect(findings.count == 1)
    #expect(findings.map(\.severity) == [.useless])
    #expect(
      findings.first.map { if case .noteOverlap = $0.problem { true } else { false } } == true)
  }

  /// `fs/proc/vmcore.c:update_note_header_size_elf64` allocates it by `kmalloc`.
  @Test func `refuse a note larger than a kernel allocates`() throws {
    let size: UInt64 = 4 << 20
    let most = try findings { $0[2] = $0[2].with(fileSize: size, memorySize: size) }
    let more = try findings { $0[2] = $0[2].with(fileSize: size + 1, memorySize: size + 1) }

    #expect(most == [])
    #expect(more.map(\.problem) == [.noteTooLarge(size + 1)])
    #expect(more.map(\.severity) == [.refused])
  }

  @Test func `do not wrap`() throws {
    let findings = try findings { $0[1] = $0[1].with(offset: .max - 0xff) }

    let start = UInt64.max - 0xff
    #expect(findings.map(\.problem) == [.wraps(start: start, size: 0x1a8)])
    #expect(findings.map(\.place) == [.programHeader(1)])
  }
}

@Suite struct `The crash kernel's rules for memory` {
  @Test func `want some`() throws {
    let findings = try findings { $0.removeLast(3) }

    #expect(findings.map(\.problem) == [.noMemory])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test func `doubt a segment of no bytes`() throws {
    let findings = try findings { $0[5] = $0[5].with(fileSize: 0, memorySize: 0) }

    #expect(findings.map(\.problem) == [.empty])
    #expect(findings.map(\.severity) == [.warning])
  }

  @Test(arguments: [0, 0x2bf_ffff, 0x2c0_0001] as [UInt64])
  func `want one size`(fileSize: UInt64) throws {
    let findings = try findings { $0[5] = $0[5].with(fileSize: fileSize) }

    #expect(findings.map(\.problem) == [.sizesDiffer(file: fileSize, memory: 0x2c0_0000)])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test func `want the bytes fetched where they are`() throws {
    let findings = try findings { $0[5] = $0[5].with(offset: 0x9d40_1000) }

    #expect(
      findings.map(\.problem) == [.otherSource(0x9d40_1000, physicalAddress: 0x9d40_0000)])
    #expect(findings.map(\.place) == [.programHeader(5)])
    #expect(findings.map(\.severity) == [.useless])
  }

  /// `arch/powerpc/kexec/crash.c:sync_backup_region_phdr`: the first segment at 0, of 64 KiB; on x86
  /// kexec-tools saves what there is of the first 640 KiB.
  @Test(
    arguments: [
      (.ppc64, 0, 0x1_0000, true), (.x86_64, 0x1000, 0x9_ec00, true),
      (.ppc64, 0x1_0000, 0x1_0000, false), (.ppc64, 0, 0x4000_0000, false),
      (.x86_64, 0xa_0000, 0x1_0000, false),
    ] as [(Machine, UInt64, UInt64, Bool)])
  func `let low memory be fetched from a copy`(
    machine: Machine, start: UInt64, size: UInt64, isBackup: Bool
  ) throws {
    let segment = ProgramHeader(
      type: ProgramHeader.load, flags: 7, offset: 0x9200_0000,
      virtualAddress: start &+ 0xffff_3a84_0000_0000, physicalAddress: start, fileSize: size,
      memorySize: size)
    let findings = try findings(machine: machine) { $0.append(segment) }

    let other = CoreProblem.otherSource(0x9200_0000, physicalAddress: start)
    #expect(findings.map(\.problem).contains(other) == !isBackup)
  }

  @Test func `let one segment at 0 be a copy`() throws {
    let segment = ProgramHeader(
      type: ProgramHeader.load, flags: 7, offset: 0x9200_0000, virtualAddress: 0,
      physicalAddress: 0, fileSize: 0x1000, memorySize: 0x1000)
    let findings = try findings { $0 += [segment, segment] }

    #expect(
      findings.map(\.problem) == [
        .otherSource(0x9200_0000, physicalAddress: 0),
        .overlap(try range(0, 0x1000), with: 6),
      ])
  }

  @Test func `want physical addresses`() throws {
    let findings = try findings { headers in
      for index in 3...5 { headers[index] = headers[index].with(physicalAddress: 0) }
    }

    #expect(findings.map(\.problem) == [.noPhysicalAddresses])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test(arguments: [(4, 5), (5, 4)])
  func `want memory once, in any order`(first: Int, second: Int) throws {
    let findings = try findings { headers in
      headers[5] = headers[5].with(offset: 0x9130_0000, physicalAddress: 0x9130_0000)
      headers[5] = headers[5].with(virtualAddress: 0xffff_3a84_9130_0000)
      if first == 5 { headers.swapAt(4, 5) }
    }

    #expect(findings.map(\.problem) == [.overlap(try range(0x9130_0000, 0x10_0000), with: first)])
    #expect(findings.map(\.place) == [.programHeader(second)])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test func `find memory inside of memory that is not its neighbour`() throws {
    let inner = [0x4100_0000, 0x4200_0000, 0x4300_0000].map { $0 as UInt64 }
    let findings = try findings { headers in
      headers += inner.map {
        headers[5].with(
          offset: $0, virtualAddress: $0 + 0xffff_3a84_0000_0000, physicalAddress: $0,
          fileSize: 0x1000, memorySize: 0x1000)
      }
    }

    #expect(
      try findings.map(\.problem) == inner.map { .overlap(try range($0, 0x1000), with: 4) })
  }

  /// The kernel's mapping is in memory by design: `kernel/crash_core.c:crash_prepare_elf64_headers`.
  @Test(arguments: [0, .max] as [UInt64])
  func `let the kernel's mapping overlap memory of unknown addresses`(address: UInt64) throws {
    let findings = try findings { headers in
      for index in 4...5 { headers[index] = headers[index].with(virtualAddress: address) }
    }

    #expect(findings == [])
  }

  @Test func `want segments that end`() throws {
    let findings = try findings {
      $0[5] = $0[5].with(fileSize: .max - 0xfff, memorySize: .max - 0xfff)
    }

    let size = UInt64.max - 0xfff
    #expect(findings.map(\.problem) == [.wraps(start: 0x9d40_0000, size: size)])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test(arguments: [(0x9d40_0800, 0x2bf_f800), (0x9d40_0000, 0x2bf_ffff)] as [(UInt64, UInt64)])
  func `doubt memory that is not whole pages`(start: UInt64, size: UInt64) throws {
    let findings = try findings {
      $0[5] = $0[5].with(
        offset: start, virtualAddress: start + 0xffff_3a84_0000_0000, physicalAddress: start,
        fileSize: size, memorySize: size)
    }

    #expect(findings.map(\.problem) == [.unaligned(try range(start, size))])
    #expect(findings.map(\.severity) == [.warning])
  }

  @Test func `doubt addresses that no kernel has`() throws {
    let findings = try findings { headers in
      headers[5] = headers[5].with(virtualAddress: 0x7fff_9d40_0000)
    }

    #expect(findings.map(\.problem) == [.userAddress(0x7fff_9d40_0000)])
    #expect(findings.map(\.severity) == [.warning])
  }

  @Test func `doubt memory in two linear maps`() throws {
    let findings = try findings { headers in
      headers[5] = headers[5].with(virtualAddress: 0xffff_0000_9d40_0000)
    }

    #expect(
      findings.map(\.problem) == [
        .twoLinearMaps(0xffff_0000_0000_0000, first: 0xffff_3a84_0000_0000)
      ])
    #expect(findings.map(\.place) == [.programHeader(5)])
    #expect(findings.map(\.severity) == [.warning])
  }

  @Test(arguments: [0, .max] as [UInt64])
  func `take an address that is not known for none`(address: UInt64) throws {
    #expect(try findings { $0[5] = $0[5].with(virtualAddress: address) } == [])
  }

  @Test func `do not mind program headers of other types after the notes`() throws {
    let other = ProgramHeader(
      type: 0x6474_e551, flags: 0, offset: 1, virtualAddress: 2, physicalAddress: 3, fileSize: 4,
      memorySize: 5)

    #expect(try findings { $0.append(other) } == [])
  }
}

/// What is found in the golden header when its program headers are changed.
private func findings(
  machine: Machine = .arm64, _ change: (inout [ProgramHeader]) throws -> Void
) throws -> [CoreFinding] {
  var headers = try CoreHeader.golden().programHeaders
  try change(&headers)
  let bytes = try ELFFile(coreOf: machine, .little, headers).bytes
  return CoreHeaderCheck().findings(in: bytes.span)
}

extension ProgramHeader {
  /// The same program header with other fields.
  fileprivate func with(
    offset: UInt64? = nil, virtualAddress: UInt64? = nil, physicalAddress: UInt64? = nil,
    fileSize: UInt64? = nil, memorySize: UInt64? = nil
  ) -> ProgramHeader {
    ProgramHeader(
      type: type, flags: flags, offset: offset ?? self.offset,
      virtualAddress: virtualAddress ?? self.virtualAddress,
      physicalAddress: physicalAddress ?? self.physicalAddress,
      fileSize: fileSize ?? self.fileSize, memorySize: memorySize ?? self.memorySize)
  }
}
