// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The code that an arm64 kernel is started by after kexec_load(2), which leaves the tree's register 0
/// (`arch/arm64/kernel/machine_kexec.c:machine_kexec`, `kimage->arch.dtb_mem`).
///
/// It runs where it lies, with the MMU off, as `Documentation/arch/arm64/booting.rst` asks: x0 is the
/// tree, x1 to x3 are 0, and the next instruction is the kernel's first. Instructions are always
/// little-endian; the two addresses behind them are in the order of the kernel that jumps.
enum ARM64Trampoline {
  /// The addresses are read from here on.
  static let literals = 24

  static func bytes(kernel: UInt64, tree: UInt64, _ order: ByteOrder) -> [UInt8] {
    let code: [UInt32] = [
      0x5800_00d1,  // ldr x17, kernel
      0x5800_00e0,  // ldr x0, tree
      0xaa1f_03e1,  // mov x1, xzr
      0xaa1f_03e2,  // mov x2, xzr
      0xaa1f_03e3,  // mov x3, xzr
      0xd61f_0220,  // br x17
    ]
    var bytes: [UInt8] = []
    for instruction in code { bytes.append(instruction, .little) }
    precondition(bytes.count == literals, "the code reads from right behind it")
    bytes.append(kernel, order)
    bytes.append(tree, order)
    return bytes
  }
}
