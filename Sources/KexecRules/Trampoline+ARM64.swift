// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KexecFacts

/// The code that an arm64 kernel is started by after kexec_load(2), which leaves the tree's register 0
/// (`arch/arm64/kernel/machine_kexec.c:machine_kexec`, `kimage->arch.dtb_mem`).
///
/// It runs where it lies, with the MMU off, as `Documentation/arch/arm64/booting.rst` requires: x0 is the
/// tree, x1 to x3 are 0, and the next instruction is the kernel's first. Instructions are always
/// little-endian; the two addresses after them are in the order of the kernel that jumps.
extension Trampoline {
  package static let arm64 = Trampoline(
    size: 40, literals: 24,
    bytes: { start, order in
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
      precondition(bytes.count == 24, "the code reads what follows it")
      bytes.append(start.kernel, order)
      bytes.append(start.tree, order)
      return bytes
    }, rule: .linux("arch/arm64/kernel/machine_kexec.c", "machine_kexec"))
}
