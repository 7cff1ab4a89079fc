// SPDX-License-Identifier: Apache-2.0

extension KernelBuilder {
  /// A ppc64 kernel as `vmlinux`: one piece, linked for the start of memory, whose first 256 bytes are
  /// all different from their neighbours.
  public static func ppc64Kernel(
    size: Int, memorySize: UInt64, isBigEndian: Bool = false
  ) -> [UInt8] {
    var elf = ELF()
    elf.isBigEndian = isBigEndian
    elf.flags = isBigEndian ? 1 : 2
    elf.segments = [
      ELF.Segment(
        virtual: 0xc000_0000_0000_0000, physical: 0, memorySize: memorySize,
        bytes: (0..<min(size, 256)).map(UInt8.init)
          + [UInt8](repeating: 0x60, count: max(0, size - 256)))
    ]
    return elf.bytes
  }
}
