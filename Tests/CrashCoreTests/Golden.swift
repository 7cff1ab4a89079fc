// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// What `readelf -hlW` prints of ``CoreHeader/golden(byteOrder:)``.
func golden(_ order: ByteOrder) -> String {
  let (data, name) = order == .little ? ("01", "little") : ("02", "big")
  return #"""
    ELF Header:
      Magic:   7f 45 4c 46 02 \#(data) 01 00 00 00 00 00 00 00 00 00 
      Class:                             ELF64
      Data:                              2's complement, \#(name) endian
      Version:                           1 (current)
      OS/ABI:                            UNIX - System V
      ABI Version:                       0
      Type:                              CORE (Core file)
      Machine:                           AArch64
      Version:                           0x1
      Entry point address:               0x0
      Start of program headers:          64 (bytes into file)
      Start of section headers:          0 (bytes into file)
      Flags:                             0x0
      Size of this header:               64 (bytes)
      Size of program headers:           56 (bytes)
      Number of program headers:         6
      Size of section headers:           0 (bytes)
      Number of section headers:         0
      Section header string table index: 0

    Program Headers:
      Type           Offset   VirtAddr           PhysAddr           FileSiz  MemSiz   Flg Align
      NOTE           0x9ffbe000 0x0000000000000000 0x000000009ffbe000 0x0001a8 0x0001a8     0
      NOTE           0x9ffd2000 0x0000000000000000 0x000000009ffd2000 0x0001a8 0x0001a8     0
      NOTE           0x4155a000 0x0000000000000000 0x000000004155a000 0x001024 0x001024     0
      LOAD           0x40200000 0xffffa8cd91800000 0x0000000040200000 0x6a0000 0x6a0000 RWE 0
      LOAD           0x40000000 0xffff3a8440000000 0x0000000040000000 0x51400000 0x51400000 RWE 0
      LOAD           0x9d400000 0xffff3a849d400000 0x000000009d400000 0x2c00000 0x2c00000 RWE 0

    """#
}
