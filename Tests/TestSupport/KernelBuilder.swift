// SPDX-License-Identifier: Apache-2.0

/// Kernel files of every format, as small as they can be: headers by their specifications, and bytes
/// that are nobody's code.
public enum KernelBuilder {
  /// A header of 64 bytes, at least, with fields put into it.
  public static func header(
    _ fields: [Int: [UInt8]], size: Int = 64, seed: UInt64 = 1
  ) -> [UInt8] {
    var random = SplitMix64(seed: seed)
    // Repeating, so that packing it makes it smaller.
    let pattern = (0..<512).map { _ in UInt8.random(in: 0...255, using: &random) }
    var bytes = [UInt8](repeating: 0, count: 64)
    while bytes.count < size { bytes += pattern.prefix(size - bytes.count) }
    for (offset, field) in fields {
      bytes.replaceSubrange(offset..<offset + field.count, with: field)
    }
    return bytes
  }

  /// An arm64 `Image` of `size` bytes: `Documentation/arch/arm64/booting.rst`.
  public static func arm64Image(
    size: Int = 10_000, imageSize: UInt64 = 0x1_0000, textOffset: UInt64 = 0, flags: UInt64 = 0xa
  ) -> [UInt8] {
    header(
      [
        8: little(textOffset), 16: little(imageSize), 24: little(flags), 56: Array("ARMd".utf8),
      ], size: size)
  }

  /// A riscv `Image`: `Documentation/arch/riscv/boot-image-header.rst`.
  public static func riscvImage(
    size: Int = 10_000, imageSize: UInt64 = 0x1_0000, textOffset: UInt64 = 0x20_0000,
    flags: UInt64 = 0, magic: Bool = true, magic2: Bool = true
  ) -> [UInt8] {
    header(
      [
        8: little(textOffset), 16: little(imageSize), 24: little(flags), 32: little(2 as UInt32),
        48: magic ? Array("RISCV\0\0\0".utf8) : [], 56: magic2 ? Array("RSC\u{5}".utf8) : [],
      ], size: size)
  }

  /// A LoongArch kernel: `arch/loongarch/include/asm/image.h`.
  public static func loongArchImage(
    entry: UInt64 = 0x20_1000, kernelSize: UInt64 = 0x1_0000, textOffset: UInt64 = 0x20_0000,
    machine: UInt16 = 0x6264, certificates: (UInt32, UInt32) = (0, 0)
  ) -> [UInt8] {
    var bytes = program(
      machine: machine, sections: [(".text", header([:], size: 4500))], certificates: certificates)
    for (offset, value) in [8: entry, 16: kernelSize, 24: textOffset] {
      bytes.replaceSubrange(offset..<offset + 8, with: little(value))
    }
    return bytes
  }

  /// A UEFI program: Microsoft PE/COFF specification. Sections begin at multiples of 512 bytes.
  ///
  /// - Parameter certificates: where its signatures are said to be, an offset and a size.
  public static func program(
    machine: UInt16 = 0xaa64, sections: [(name: String, bytes: [UInt8])] = [],
    certificates: (UInt32, UInt32) = (0, 0), start: [Int: [UInt8]] = [:]
  ) -> [UInt8] {
    var bytes = header([0: [0x4d, 0x5a], 60: little(64 as UInt32)])
    for (offset, field) in start {
      bytes.replaceSubrange(offset..<offset + field.count, with: field)
    }
    bytes += Array("PE\0\0".utf8) + little(machine) + little(UInt16(sections.count))
    bytes += [UInt8](repeating: 0, count: 12) + little(240 as UInt16) + little(0x206 as UInt16)
    var optional = [UInt8](repeating: 0, count: 240)
    for (offset, field) in [
      0: little(0x20b as UInt16), 16: little(0x1000 as UInt32), 32: little(0x1000 as UInt32),
      36: little(0x200 as UInt32), 56: little(0x10_0000 as UInt32), 68: little(10 as UInt16),
      108: little(16 as UInt32), 144: little(certificates.0), 148: little(certificates.1),
    ] {
      optional.replaceSubrange(offset..<offset + field.count, with: field)
    }
    bytes += optional
    var offset = rounded(bytes.count + 40 * sections.count)
    for (name, content) in sections {
      bytes += Array(name.utf8) + [UInt8](repeating: 0, count: 8 - name.utf8.count)
      bytes += little(UInt32(content.count)) + little(UInt32(offset * 8))
      bytes += little(UInt32(rounded(content.count))) + little(UInt32(offset))
      bytes += [UInt8](repeating: 0, count: 16)
      offset += rounded(content.count)
    }
    for (_, content) in sections {
      bytes += [UInt8](repeating: 0, count: rounded(bytes.count) - bytes.count) + content
    }
    return bytes + [UInt8](repeating: 0, count: rounded(bytes.count) - bytes.count)
  }

  /// A kernel for x86: `Documentation/arch/x86/boot.rst`.
  public static func bzImage() -> [UInt8] {
    var bytes = program(machine: 0x8664, sections: [(".text", [1])])
    bytes.replaceSubrange(514..<518, with: Array("HdrS".utf8))
    return bytes
  }

  /// An EFI zboot file: `drivers/firmware/efi/libstub/zboot-header.S`.
  ///
  /// - Parameters:
  ///   - payload: the packed kernel.
  ///   - size: what is appended as the size of the kernel; nil for gzip, which ends with it.
  public static func zboot(
    _ type: String, payload: [UInt8], size: UInt32?, machine: UInt16 = 0xaa64
  ) -> [UInt8] {
    let content = payload + (size.map { little($0) } ?? [])
    return program(
      machine: machine, sections: [(".text", content)],
      start: [
        4: Array("zimg".utf8), 8: little(512 as UInt32), 12: little(UInt32(payload.count)),
        24: Array(type.utf8) + [0], 56: little(0x8182_23cd as UInt32),
      ])
  }

  /// Least significant byte first.
  public static func little<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  private static func rounded(_ size: Int) -> Int { (size + 511) / 512 * 512 }
}

extension KernelBuilder {
  /// A 64-bit ELF file: System V ABI, chapters 4 and 5.
  public struct ELF {
    /// `e_machine`.
    public var machine: UInt16 = 21
    /// Whether the fields are most significant byte first.
    public var isBigEndian = false
    /// `e_type`.
    public var type: UInt16 = 2
    /// `e_entry`.
    public var entry: UInt64 = 0xc000_0000_0000_0000
    /// `e_flags`.
    public var flags: UInt32 = 2
    /// The program headers and the bytes that they are about.
    public var segments: [Segment] = []

    /// A program header.
    public struct Segment {
      /// `p_type`.
      public var type: UInt32 = 1
      /// `p_vaddr`.
      public var virtualAddress: UInt64 = 0
      /// `p_paddr`.
      public var physicalAddress: UInt64 = 0
      /// `p_memsz`.
      public var memorySize: UInt64 = 0
      /// `p_align`.
      public var alignment: UInt64 = 0x1_0000
      /// Its bytes in the file.
      public var bytes: [UInt8] = []

      /// A program header, of any values.
      public init(
        type: UInt32 = 1, virtual: UInt64, physical: UInt64, memorySize: UInt64,
        alignment: UInt64 = 0x1_0000, bytes: [UInt8] = []
      ) {
        self.type = type
        virtualAddress = virtual
        physicalAddress = physical
        self.memorySize = memorySize
        self.alignment = alignment
        self.bytes = bytes
      }
    }

    /// A file without segments.
    public init() {}

    /// The bytes of the file: headers, program headers, then the segments' bytes.
    public var bytes: [UInt8] {
      var bytes: [UInt8] =
        [0x7f, 0x45, 0x4c, 0x46, 2, isBigEndian ? 2 : 1, 1] + .init(repeating: 0, count: 9)
      bytes += stored(type) + stored(machine) + stored(1 as UInt32) + stored(entry)
      bytes += stored(64 as UInt64) + stored(0 as UInt64) + stored(flags) + stored(64 as UInt16)
      bytes += stored(56 as UInt16) + stored(UInt16(segments.count)) + stored(0 as UInt16)
      bytes += stored(0 as UInt16) + stored(0 as UInt16)
      var offset = UInt64(64 + 56 * segments.count)
      for segment in segments {
        bytes += stored(segment.type) + stored(7 as UInt32) + stored(offset)
        bytes += stored(segment.virtualAddress) + stored(segment.physicalAddress)
        bytes += stored(UInt64(segment.bytes.count)) + stored(segment.memorySize)
        bytes += stored(segment.alignment)
        offset += UInt64(segment.bytes.count)
      }
      return bytes + segments.flatMap(\.bytes)
    }

    private func stored<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
      isBigEndian ? KernelBuilder.little(value).reversed() : KernelBuilder.little(value)
    }
  }
}
