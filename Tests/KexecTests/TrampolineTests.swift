// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `The trampoline of arm64` {
  private let start = Trampoline.Start(kernel: 0x1122_3344_5566_7788, tree: 0x99aa_bbcc)

  /// The disassembler reads what we write, and finds the addresses where the code does.
  @Test func `is the code that its comments say`() throws {
    let code = Trampoline.arm64.bytes(start, .little)

    let lines = try disassembled(code, as: "elf64-littleaarch64")

    for line in [
      "0: ldr x17, 0x18", "4: ldr x0, 0x20", "8: mov x1, xzr", "c: mov x2, xzr",
      "10: mov x3, xzr", "14: br x17",
    ] {
      #expect(lines.contains { $0.hasPrefix(line) }, "\(line): \(lines)")
    }
    #expect(Array(code[24..<32]) == [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    #expect(Array(code[32...]) == [0xcc, 0xbb, 0xaa, 0x99, 0, 0, 0, 0])
  }

  /// Instructions keep their order of bytes; what they load has that of the kernel which jumps.
  @Test func `has its addresses as a big-endian kernel reads them`() {
    let start = Trampoline.Start(kernel: 1, tree: 2)
    let little = Trampoline.arm64.bytes(start, .little)
    let big = Trampoline.arm64.bytes(start, .big)

    #expect(little[..<24] == big[..<24])
    #expect(Array(big[24...]) == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2])
  }
}

@Suite struct `The trampoline of ppc64` {
  private var start: Trampoline.Start {
    var start = Trampoline.Start(kernel: 0x2000_0000, tree: 0x37fe_0000)
    start.firmware = (0x3000_0000, 0x3000_5000)
    start.head = (0..<256).map { UInt8($0) }[...]
    return start
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `is the code that its comments say`(order: ByteOrder) throws {
    let code = Trampoline.ppc64.bytes(start, order)

    let lines = try disassembled(
      code, as: order == .little ? "elf64-powerpcle" : "elf64-powerpc")

    let store = order == .little ? "stwbrx" : "stwx"
    for line in [
      "0: b 0x100", "100: mr 31, 3", "104: bcl 20, 31, 0x108", "108: mflr 30",
      "10c: addi 30, 30, -264", "110: ld 9, 416(30)", "114: cmpdi 9, 0", "118: bt 2, 0x13c",
      "11c: li 8, 8192", "120: mtctr 8", "124: li 10, 0", "128: ld 8, 0(10)",
      "12c: stdx 8, 9, 10", "130: addi 10, 10, 8", "134: bdnz 0x128", "138: sync",
      "13c: lis 8, 1", "140: mtctr 8", "144: bdnz 0x144", "148: ld 3, 408(30)", "14c: li 10, 28",
      "150: \(store) 31, 3, 10", "154: ld 8, 424(30)", "158: ld 9, 432(30)",
      "15c: ld 4, 400(30)", "160: lwz 7, 92(30)", "164: stw 7, 92(4)", "168: li 5, 0",
      "16c: li 6, 0", "170: li 7, 0", "174: mtsrr0 4", "178: mfmsr 11", "17c: rldicr 11, 11, 0, 62",
      "180: mtsrr1 11", "184: rfid",
    ] {
      #expect(lines.contains { $0.hasPrefix(line) }, "\(line): \(lines)")
    }
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `ends with its addresses, in the order of the kernel that jumps`(order: ByteOrder) throws {
    var start = start
    start.backup = 0x208d_0000
    let code = Trampoline.ppc64.bytes(start, order)

    let addresses = try stride(from: 0x190, to: code.count, by: 8).map {
      try code.span.integer(UInt64.self, at: $0, order)
    }

    #expect(addresses == [0x2000_0000, 0x37fe_0000, 0x208d_0000, 0x3000_0000, 0x3000_5000])
    #expect(code.count == Trampoline.ppc64.size)
    #expect(Trampoline.ppc64.literals == 0x190)
  }

  /// These bytes are copied to address 0, where the other CPUs wait; 0x5c says whether the kernel stays.
  @Test(arguments: [ByteOrder.little, .big])
  func `has the kernel's own first bytes, and a crash kernel's that stays`(order: ByteOrder) {
    var crash = start
    crash.isForCrash = true
    crash.kernelOrder = order
    let own = Array(start.head)

    let code = Trampoline.ppc64.bytes(start, .little)
    let staying = Trampoline.ppc64.bytes(crash, .little)

    #expect(Array(code[4..<256]) == Array(own[4...]))
    #expect(staying[4..<0x5c] == own[4..<0x5c])
    #expect(staying[0x60..<256] == own[0x60...])
    #expect(Array(staying[0x5c..<0x60]) == (order == .little ? [1, 0, 0, 0] : [0, 0, 0, 1]))
  }

  /// A kernel of less than 256 bytes cannot be, but nothing traps.
  @Test func `is whole with a kernel of a few bytes`() {
    var short = start
    short.head = [1, 2, 3, 4, 5]

    let code = Trampoline.ppc64.bytes(short, .big)

    #expect(code.count == Trampoline.ppc64.size)
    #expect(Array(code[4..<8]) == [5, 0, 0, 0])
  }
}

/// The lines of the disassembly of some code, with single blanks.
private func disassembled(_ code: [UInt8], as format: String) throws -> [String] {
  let place = try TemporaryFolder()
  try write(code, to: place / "code")
  try run("llvm-objcopy", ["-I", "binary", "-O", format, place / "code", place / "code.o"])
  let listing = try run(
    "llvm-objdump", ["-D", "--no-show-raw-insn", "-j", ".data", place / "code.o"])
  return listing.text.split(separator: "\n").map {
    $0.split(whereSeparator: { " \t".contains($0) }).joined(separator: " ")
  }
}
