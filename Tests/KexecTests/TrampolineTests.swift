// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import TestSupport
import Testing

@testable import Kexec

@Suite struct `The trampoline of arm64` {
  /// The tool chain's disassembler reads what we write, and finds the addresses where the code does.
  @Test func `is the code that its comments say`() throws {
    let place = try TemporaryFolder()
    let code = ARM64Trampoline.bytes(kernel: 0x1122_3344_5566_7788, tree: 0x99aa_bbcc, .little)
    try write(code, to: place / "code")
    try run(
      "llvm-objcopy",
      ["-I", "binary", "-O", "elf64-littleaarch64", place / "code", place / "code.o"])

    let listing = try run(
      "llvm-objdump", ["-D", "--no-show-raw-insn", "-j", ".data", place / "code.o"])

    let lines = listing.text.split(separator: "\n").map {
      $0.split(whereSeparator: { " \t".contains($0) }).joined(separator: " ")
    }
    for line in [
      "0: ldr x17, 0x18", "4: ldr x0, 0x20", "8: mov x1, xzr", "c: mov x2, xzr",
      "10: mov x3, xzr", "14: br x17",
    ] {
      #expect(lines.contains { $0.hasPrefix(line) }, "\(line): \(listing.text)")
    }
    #expect(Array(code[24..<32]) == [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11])
    #expect(Array(code[32...]) == [0xcc, 0xbb, 0xaa, 0x99, 0, 0, 0, 0])
  }

  /// Instructions keep their order of bytes; what they load has that of the kernel which jumps.
  @Test func `has its addresses as a big-endian kernel reads them`() {
    let little = ARM64Trampoline.bytes(kernel: 1, tree: 2, .little)
    let big = ARM64Trampoline.bytes(kernel: 1, tree: 2, .big)

    #expect(little[..<24] == big[..<24])
    #expect(Array(big[24...]) == [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2])
  }
}
