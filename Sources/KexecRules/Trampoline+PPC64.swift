// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KexecFacts

/// The code that a ppc64 kernel is started by after kexec_load(2).
///
/// What it has to do is described at the end of `arch/powerpc/kernel/misc_64.S:kexec_sequence`, and in
/// `arch/powerpc/kernel/head_64.S`: its first 256 bytes are copied to address 0, where all other CPUs
/// run on at 0x60, so what is there from 4 on are the next kernel's own bytes. The first CPU comes in real
/// mode with its number in r3. It leaves with the tree in r3, the kernel in r4, 0 in r5 to r7, OPAL in r8
/// and r9, and as a big-endian machine, which kernels of either order take.
///
/// On the way it copies the first 64 KiB for the dump, writes its number into the tree's header, by which
/// the kernel knows which CPU it is on, and says at 0x5c of the kernel whether that stays where it is:
/// one that waits for a crash must, any other one moves to 0.
extension Trampoline {
  package static let ppc64 = Trampoline(
    size: literals + 40, literals: literals,
    bytes: { start, order in
      var bytes: [UInt8] = []
      bytes.append(0x4800_0100 as UInt32, order)  // b 0x100
      let head = Array(start.head.prefix(Self.code)) + repeatElement(0, count: Self.code)
      bytes += head[4..<Self.code]
      if start.isForCrash { bytes.replaceSubrange(0x5c..<0x60, with: Self.stay(start.kernelOrder)) }
      for instruction in Self.instructions(order) { bytes.append(instruction, order) }
      precondition(bytes.count == Self.literals, "the code ends where its addresses begin")
      for address in [
        start.kernel, start.tree, start.backup, start.firmware.base, start.firmware.entry,
      ] {
        bytes.append(address, order)
      }
      return bytes
    }, rule: .linux("arch/powerpc/kernel/misc_64.S", "kexec_sequence"))

  /// Where the code begins, after what is copied.
  private static let code = 0x100
  /// Where it ends.
  private static let literals = 0x190

  private static func stay(_ order: ByteOrder) -> [UInt8] {
    order == .little ? [1, 0, 0, 0] : [0, 0, 0, 1]
  }

  /// The code from 0x100 on. Everything else of either byte order is the same: a store with its bytes
  /// reversed is a big-endian store of a little-endian machine.
  private static func instructions(_ order: ByteOrder) -> [UInt32] {
    [
      0x7c7f_1b78,  // mr r31, r3: the number of this CPU
      0x429f_0005,  // bcl 20, 31, .+4
      0x7fc8_02a6,  // mflr r30
      0x3bde_fef8,  // addi r30, r30, -0x108: this code's start
      0xe93e_01a0,  // ld r9, 0x1a0(r30): the backup
      0x2c29_0000,  // cmpdi r9, 0
      0x4182_0024,  // beq .+0x24: no backup
      0x3900_2000,  // li r8, 0x2000: 64 KiB in 8-byte words
      0x7d09_03a6,  // mtctr r8
      0x3940_0000,  // li r10, 0
      0xe90a_0000,  // ld r8, 0(r10)
      0x7d09_512a,  // stdx r8, r9, r10
      0x394a_0008,  // addi r10, r10, 8
      0x4200_fff4,  // bdnz .-0xc
      0x7c00_04ac,  // sync
      0x3d00_0001,  // lis r8, 1: time for the other CPUs to get to 0x60
      0x7d09_03a6,  // mtctr r8
      0x4200_0000,  // bdnz .
      0xe87e_0198,  // ld r3, 0x198(r30): the tree
      0x3940_001c,  // li r10, 28: boot_cpuid_phys
      order == .little ? 0x7fe3_552c : 0x7fe3_512e,  // stwbrx or stwx r31, r3, r10
      0xe91e_01a8,  // ld r8, 0x1a8(r30): OPAL
      0xe93e_01b0,  // ld r9, 0x1b0(r30): and its entry
      0xe89e_0190,  // ld r4, 0x190(r30): the kernel
      0x80fe_005c,  // lwz r7, 0x5c(r30): whether it stays
      0x90e4_005c,  // stw r7, 0x5c(r4)
      0x38a0_0000,  // li r5, 0
      0x38c0_0000,  // li r6, 0
      0x38e0_0000,  // li r7, 0
      0x7c9a_03a6,  // mtsrr0 r4
      0x7d60_00a6,  // mfmsr r11
      0x796b_07a4,  // clrrdi r11, r11, 1: big-endian
      0x7d7b_03a6,  // mtsrr1 r11
      0x4c00_0024,  // rfid
      0x6000_0000, 0x6000_0000,  // nop: the addresses begin at a multiple of 16
    ]
  }
}
