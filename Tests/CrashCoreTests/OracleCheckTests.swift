// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `The check of core headers that others made` {
  @Test(arguments: oracles.filter { $0.0.hasPrefix("arm64") && $0.0 != "arm64-virt-1g-6.1" })
  func `finds nothing on arm64`(machine: String, maker: String) throws {
    let header = try oracle(machine, maker)

    #expect(CoreHeaderCheck(of: CoreMachine(machine: .arm64)).findings(in: header.span) == [])
  }

  /// Their RTAS region of 0x83c bytes is all that a kernel does not dump in whole pages.
  @Test(arguments: [
    ("pseries-6.12", "kexec-tools", []), ("pseries-7.2-kf", "kexec-tools", []),
    ("pseries-7.2-kf", "kernel", [CoreProblem.unaligned(try range(0x2fff_0000, 0x83c))]),
  ])
  func `doubts on ppc64 a region that is not whole pages`(
    machine: String, maker: String, expected: [CoreProblem]
  ) throws {
    let header = try oracle(machine, maker)

    let findings = CoreHeaderCheck(of: CoreMachine(machine: .ppc64)).findings(in: header.span)

    #expect(findings.map(\.problem) == expected)
  }

  /// The kernel that made it puts RTAS and the backup into the crash region.
  @Test(arguments: ["kernel", "kexec-tools"])
  func `finds nothing on ppc64 when the machine is known`(maker: String) throws {
    let header = try oracle("pseries-7.2-kf", maker)
    let machine = CoreMachine(
      machine: .ppc64, byteOrder: .little,
      memory: PhysicalRangeSet([try range(0, 0x8000_0000)]),
      crashRegions: PhysicalRangeSet([try range(0x2000_0000, 0x1800_0000)]),
      firmware: PhysicalRangeSet([try range(0x2fff_0000, 0x83c)]),
      cpuNotes: [try range(0x7fee_a400, 0x218), try range(0x7ff0_a400, 0x218)],
      vmcoreinfo: try range(0x13e_0000, 0x1_0024))

    #expect(CoreHeaderCheck(of: machine).findings(in: header.span) == [])
  }

  @Test(arguments: oracles.filter { $0.0.hasPrefix("x86_64") })
  func `doubts on x86_64 only the low memory of kexec-tools`(machine: String, maker: String) throws
  {
    let header = try oracle(machine, maker)

    let findings = CoreHeaderCheck(of: CoreMachine(machine: .x86_64)).findings(in: header.span)

    let low = CoreProblem.unaligned(try range(0x1000, 0x9_ec00))
    #expect(findings.map(\.problem) == (maker == "kernel" ? [] : [low]))
  }

  @Test func `finds nothing on riscv64 in the kernel's`() throws {
    let header = try oracle("riscv64-virt-7.2-kf", "kernel")

    #expect(CoreHeaderCheck(of: try riscv()).findings(in: header.span) == [])
  }

  /// kexec-tools 2.0.32 leaves out all that /proc/iomem calls Reserved, and takes `_sinittext` for the
  /// start of the linear map.
  @Test func `finds on riscv64 what kexec-tools leaves out`() throws {
    let header = try oracle("riscv64-virt-7.2-kf", "kexec-tools")

    let findings = CoreHeaderCheck(of: try riscv()).findings(in: header.span)

    let missing = findings.compactMap { finding -> PhysicalRange? in
      guard case .missingMemory(let range) = finding.problem else { return nil }
      return range
    }
    #expect(
      missing == [
        try range(0x8000_0000, 0x8_0000), try range(0x8020_0000, 0x2000),
        try range(0x8074_8448, 0xbb8), try range(0x8820_0000, 0x1f_f000),
        try range(0xbfe0_0000, 0x2000), try range(0xecc0_0000, 0x320_0000),
        try range(0xffed_1000, 0x11_f000), try range(0xffff_2000, 0xe000),
      ])
    let addresses = findings.filter {
      if case .userAddress = $0.problem { true } else { false }
    }
    #expect(addresses.map(\.place) == (4...9).map(CoreFinding.Place.programHeader))
    #expect(findings.count == missing.count + addresses.count)
  }

  /// kexec-tools 2.0.25 had no `_text` in /proc/kallsyms: the crash kernel comes up, and every read of
  /// its /proc/vmcore is an oops.
  @Test func `finds the garbage that kexec-tools made on arm64`() throws {
    let header = try oracle("arm64-virt-1g-6.1", "kexec-tools")

    let findings = CoreHeaderCheck().findings(in: header.span)

    #expect(
      findings.map(\.problem) == [
        .wraps(start: 0x5cba_7140_0000, size: 0xffff_a345_d0e1_0000),
        .userAddress(0x56b7_0000_0000), .userAddress(0x56b7_3ac0_0000),
      ])
    #expect(findings.map(\.place) == (2...4).map(CoreFinding.Place.programHeader))
    #expect(findings.first?.severity == .useless)
  }

  private func riscv() throws -> CoreMachine {
    CoreMachine(
      machine: .riscv, byteOrder: .little,
      memory: PhysicalRangeSet([try range(0x8000_0000, 0x8000_0000)]),
      crashRegions: PhysicalRangeSet([try range(0xefe0_0000, 0x1000_0000)]),
      cpuNotes: [try range(0xfffd_9e00, 0x198), try range(0xfffe_8e00, 0x198)],
      vmcoreinfo: try range(0x80a5_c000, 0x1024))
  }
}
