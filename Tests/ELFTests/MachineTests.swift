// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import Testing

private let known: [Machine] = [.x86, .ppc64, .arm, .x86_64, .arm64, .riscv, .loongarch]

@Suite struct `A machine` {
  @Test(
    arguments: [
      (.ppc64, "ppc64le", "ppc64"), (.arm, "armv7l", nil), (.x86, "i686", nil),
      (.x86_64, "x86_64", nil), (.arm64, "aarch64", nil), (.riscv, "riscv64", nil),
      (.loongarch, "loongarch64", nil), (Machine(rawValue: 8), nil, nil),
    ] as [(Machine, String?, String?)])
  func `has the name of uname in each byte order`(machine: Machine, little: String?, big: String?) {
    #expect(machine.names(.little).first == little)
    #expect(machine.names(.big).first == big)
  }

  @Test func `shares no name and no number with another one`() {
    let names = known.flatMap { $0.names(.little) + $0.names(.big) }
    let numbers = known.flatMap { [$0.peNumber, $0.peNumberOf32Bit] }.compactMap(\.self)

    #expect(Set(names).count == names.count)
    #expect(Set(numbers).count == numbers.count)
    #expect(Set(known.map(\.rawValue)).count == known.count)
  }

  @Test(
    arguments: [
      (0xaa64, .arm64), (0x5064, .riscv), (0x6264, .loongarch), (0x8664, .x86_64), (0x01c2, .arm),
      (0x014c, .x86), (0x5032, nil), (0x6232, nil), (0, nil), (0x0200, nil),
    ] as [(UInt16, Machine?)])
  func `is known by the number in a PE file`(number: UInt16, machine: Machine?) {
    #expect(Machine(pe: number) == machine)
  }

  @Test func `has kernels of its classes`() {
    #expect(Set(known.filter { $0.classes.contains(.bits32) }) == [.x86, .arm, .riscv])
    #expect(Set(known.filter { !$0.classes.contains(.bits64) }) == [.x86, .arm])
    #expect(Machine(rawValue: 8).classes == [])
  }

  @Test func `that is not known is called by its number`() {
    #expect("\(Machine(rawValue: 8))" == "e_machine 8")
    #expect("\(Machine.ppc64)" == "ppc64")
  }
}
