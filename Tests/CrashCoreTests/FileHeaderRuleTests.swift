// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import TestSupport
import Testing

/// Each test breaks one rule of a good header: nothing else is found.
@Suite struct `The crash kernel's rules for the file header` {
  @Test(arguments: [ByteOrder.little, .big])
  func `are kept by a good header`(order: ByteOrder) throws {
    let header = try CoreHeader.golden(byteOrder: order).bytes()

    #expect(CoreHeaderCheck().findings(in: header.span) == [])
  }

  /// `fs/proc/vmcore.c:parse_crash_elf64_headers`: "not sane".
  @Test(arguments: brokenFields, [ByteOrder.little, .big])
  func `refuse any other value`(broken: BrokenField, order: ByteOrder) throws {
    var header = try CoreHeader.golden(byteOrder: order).bytes()
    header.set(broken.field, broken.value, order)

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [broken.problem])
    #expect(findings.map(\.place) == [.offset(broken.field.offset)])
    #expect(findings.map(\.severity) == [.refused])
    #expect(findings.allSatisfy { !$0.rule.file.isEmpty && !$0.rule.name.isEmpty })
  }

  @Test(arguments: 0..<4)
  func `refuse another magic number`(offset: Int) throws {
    var header = try CoreHeader.golden().bytes()
    header[offset] ^= 1

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.notELF])
    #expect(findings.map(\.severity) == [.refused])
  }

  /// `vmcore_elf64_check_arch` of each architecture.
  @Test(
    arguments: [
      (.arm64, .riscv), (.riscv, .arm64), (.ppc64, .x86_64), (.x86_64, .ppc64),
      (.loongarch, .arm64),
    ] as [(Machine, Machine)])
  func `refuse another architecture than the machine's`(machine: Machine, found: Machine) throws {
    var header = try CoreHeader.golden().bytes()
    header.set(.machine, UInt64(found.rawValue))

    let findings = CoreHeaderCheck(of: CoreMachine(machine: machine)).findings(in: header.span)

    #expect(findings.map(\.problem) == [.otherMachine(found, expected: machine)])
    #expect(findings.map(\.severity) == [.refused])
    header.set(.machine, UInt64(machine.rawValue))
    #expect(CoreHeaderCheck(of: CoreMachine(machine: machine)).findings(in: header.span) == [])
  }

  /// `arch/arm/include/asm/elf.h:vmcore_elf64_check_arch` is 0.
  @Test func `refuse 32-bit arm even on such a machine`() throws {
    var header = try CoreHeader.golden().bytes()
    header.set(.machine, 40)

    let findings = CoreHeaderCheck(of: CoreMachine(machine: .arm)).findings(in: header.span)

    #expect(findings.map(\.problem) == [.neverAccepted])
    #expect(
      findings.first?.rule.description == "arch/arm/include/asm/elf.h:vmcore_elf64_check_arch")
  }

  @Test func `doubt an architecture without crash kernels`() throws {
    var header = try CoreHeader.golden().bytes()
    header.set(.machine, 8)

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.unknownMachine(Machine(rawValue: 8))])
    #expect(findings.map(\.severity) == [.warning])
  }

  @Test func `refuse a header without program headers`() throws {
    var header = try CoreHeader.golden().bytes()
    header.replaceSubrange(56..., with: Array(repeating: 0, count: header.count - 56))

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.noProgramHeaders])
    #expect(findings.map(\.severity) == [.refused])
  }

  /// `EI_DATA` is not looked at by the crash kernel, which reads in its own order.
  @Test(
    arguments: [
      (ByteOrder.big, 1), (.little, 2), (.little, 0), (.little, 3),
    ] as [(ByteOrder, UInt8)])
  func `do not look at the byte order, but tools do`(order: ByteOrder, data: UInt8) throws {
    var header = try CoreHeader.golden(byteOrder: order).bytes()
    header[5] = data

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(
      findings.map(\.problem) == [.mislabelledByteOrder(data, expected: order == .little ? 1 : 2)])
    #expect(findings.map(\.severity) == [.warning])
  }

  /// `fs/proc/vmcore.c:parse_crash_elf32_headers`: 32-bit kernels take nothing else.
  @Test(arguments: [(.arm, nil), (.riscv, nil), (.arm, .arm)] as [(Machine, Machine?)])
  func `do not judge a 32-bit header for a kernel that may be 32-bit`(
    found: Machine, machine: Machine?
  ) throws {
    var header = try CoreHeader.golden().bytes()
    header.set(.fileClass, 1)
    header.set(.machine, UInt64(found.rawValue))

    let findings = CoreHeaderCheck(of: CoreMachine(machine: machine)).findings(in: header.span)

    #expect(findings.map(\.problem) == [.notChecked])
    #expect(findings.map(\.severity) == [.warning])
    let arm64 = CoreHeaderCheck(of: CoreMachine(machine: .arm64)).findings(in: header.span)
    #expect(arm64.map(\.problem) == [.fileClass(1)])
  }

  @Test func `refuse the byte order of another machine`() throws {
    let header = try CoreHeader.golden(byteOrder: .big).bytes()

    let findings = CoreHeaderCheck(of: CoreMachine(byteOrder: .little)).findings(in: header.span)

    #expect(findings.map(\.problem) == [.otherByteOrder])
    #expect(findings.map(\.severity) == [.refused])
  }

  @Test(arguments: [0, 63, 65, 4096, .max] as [UInt64])
  func `take the program headers to be after it`(offset: UInt64) throws {
    var header = try CoreHeader.golden().bytes()
    header.set(.tableOffset, offset)

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.tableElsewhere(offset)])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test func `take 65535 for a number`() throws {
    var header = try CoreHeader.golden().bytes()
    header.set(.count, 0xffff)
    header.removeLast(header.count - (64 + 6 * 56))

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.extendedCount])
    #expect(findings.map(\.severity) == [.useless])
  }
}

@Suite struct `A core header's end` {
  @Test(arguments: 0..<64)
  func `within the file header is reported`(size: Int) throws {
    let header = try Array(CoreHeader.golden().bytes().prefix(size))

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.truncated(size: 64)])
  }

  @Test(arguments: [64 + 5 * 56, 64 + 6 * 56 - 1])
  func `within the program headers is reported`(size: Int) throws {
    let header = try Array(CoreHeader.golden().bytes().prefix(size))

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.truncated(size: 400)])
    #expect(findings.map(\.place) == [.offset(56)])
    #expect(findings.map(\.severity) == [.useless])
  }

  @Test(arguments: [400, 401, 512, 1024])
  func `may be anywhere after them`(size: Int) throws {
    let header = try Array(CoreHeader.golden().bytes().prefix(size))

    #expect(CoreHeaderCheck().findings(in: header.span) == [])
  }

  @Test(arguments: [400, 1000, 4095])
  func `is all zeros`(offset: Int) throws {
    var header = try CoreHeader.golden().bytes()
    header[offset] = 1

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(findings.map(\.problem) == [.trailingBytes])
    #expect(findings.map(\.place) == [.offset(offset)])
    #expect(findings.map(\.severity) == [.warning])
  }
}

@Suite struct `A core header with a wrong byte` {
  /// Whatever is in it, the check ends; what it prints is never empty.
  @Test(arguments: 0..<400, [0x00, 0x01, 0x80, 0xff] as [UInt8])
  func `is judged`(offset: Int, value: UInt8) throws {
    var header = try CoreHeader.golden().bytes()
    header[offset] = value

    let findings = CoreHeaderCheck(of: try CoreMachine.golden()).findings(in: header.span)

    #expect(findings.allSatisfy { $0.description.contains(": ") })
    #expect(Set(findings).count == findings.count)
  }
}

/// A value that a field must not have.
struct BrokenField: Sendable {
  let field: Field
  let value: UInt64
  let problem: CoreProblem

  init(_ field: Field, _ value: UInt64, _ problem: CoreProblem) {
    self.field = field
    self.value = value
    self.problem = problem
  }
}

private let brokenFields = [
  BrokenField(.fileClass, 0, .fileClass(0)), BrokenField(.fileClass, 1, .fileClass(1)),
  BrokenField(.identificationVersion, 0, .identificationVersion(0)),
  BrokenField(.identificationVersion, 2, .identificationVersion(2)),
  BrokenField(.type, 2, .type(2)), BrokenField(.type, 0, .type(0)),
  BrokenField(.machine, 40, .neverAccepted), BrokenField(.version, 0, .version(0)),
  BrokenField(.version, 0x100, .version(0x100)),
  BrokenField(.headerSize, 52, .headerSize(52)), BrokenField(.entrySize, 32, .entrySize(32)),
  BrokenField(.entrySize, 0, .entrySize(0)),
]
