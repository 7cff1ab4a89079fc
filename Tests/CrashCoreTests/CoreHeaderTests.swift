// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `The program headers of a core header` {
  @Test func `are in the order of the kernel`() throws {
    let headers = try CoreHeader.golden().programHeaders

    #expect(headers.map(\.type) == [4, 4, 4, 1, 1, 1])
    #expect(
      headers.map(\.physicalAddress) == [
        0x9ffb_e000, 0x9ffd_2000, 0x4155_a000, 0x4020_0000, 0x4000_0000, 0x9d40_0000,
      ])
  }

  @Test func `say where, how much, and at which address of the kernel`() throws {
    let headers = try CoreHeader.golden().programHeaders

    #expect(headers.map(\.flags) == [0, 0, 0, 7, 7, 7])
    #expect(headers.map(\.offset) == headers.map(\.physicalAddress))
    #expect(
      headers.map(\.virtualAddress) == [
        0, 0, 0, 0xffff_a8cd_9180_0000, 0xffff_3a84_4000_0000, 0xffff_3a84_9d40_0000,
      ])
    #expect(headers.map(\.fileSize) == [0x1a8, 0x1a8, 0x1024, 0x6a_0000, 0x5140_0000, 0x2c0_0000])
    #expect(headers.map(\.memorySize) == headers.map(\.fileSize))
    #expect(headers.allSatisfy { $0.alignment == 0 })
  }

  @Test func `have the kernel's mapping only when there is one`() throws {
    var header = try CoreHeader.golden()
    let all = header.programHeaders

    header.kernelText = nil

    #expect(header.programHeaders == Array(all[..<3] + all[4...]))
  }

  @Test func `fetch a backed-up range from its copy`() throws {
    var header = try CoreHeader.golden()
    header.memory = [
      CoreHeader.Memory(range: try range(0, 0x1_0000), virtualAddress: 0, source: 0x208d_0000)
    ]

    let backup = try #require(header.programHeaders.last)

    #expect(backup.offset == 0x208d_0000)
    #expect(backup.physicalAddress == 0)
    #expect(backup.memorySize == 0x1_0000)
  }

  @Test func `keep memory in the order it is given in`() throws {
    var header = try CoreHeader.golden()

    header.memory.reverse()

    #expect(header.programHeaders.suffix(2).map(\.offset) == [0x9d40_0000, 0x4000_0000])
  }
}

@Suite struct `The bytes of a core header` {
  @Test(arguments: [
    (true, CoreHeader.Style.kernel, 6, 4096), (true, .kexecTools, 6, 1024),
    (false, .kernel, 5, 4096), (false, .kexecTools, 5, 1024),
  ])
  func `are the reference's golden`(
    hasText: Bool, style: CoreHeader.Style, count: Int, size: Int
  ) throws {
    var header = try CoreHeader.golden()
    if !hasText { header.kernelText = nil }

    let bytes = try header.bytes(style: style)

    #expect(bytes.count == size)
    #expect(bytes[56] == UInt8(count) && bytes[57] == 0)
    #expect(bytes[(64 + count * 56)...].allSatisfy { $0 == 0 })
    #expect(try ELFFile(bytes.span).programHeaders == header.programHeaders)
  }

  /// A block is full with 72 program headers (64 + 72 × 56 = 4096), or 17 (1016 of 1024).
  @Test(arguments: [
    (true, CoreHeader.Style.kernel, 72, 4096), (true, .kernel, 73, 8192),
    (false, .kernel, 71, 4096), (false, .kernel, 72, 8192), (true, .kexecTools, 17, 1024),
    (true, .kexecTools, 18, 2048), (false, .kexecTools, 17, 1024),
  ])
  func `fill whole blocks, with one entry kept free where no kernel is mapped`(
    hasText: Bool, style: CoreHeader.Style, count: Int, size: Int
  ) throws {
    var header = try CoreHeader.golden()
    if !hasText { header.kernelText = nil }
    let others = header.programHeaders.count - header.memory.count
    header.memory = try (0..<UInt64(count - others)).map {
      CoreHeader.Memory(range: try range($0 << 20, 4096), virtualAddress: 0)
    }

    #expect(try header.bytes(style: style).count == size)
  }

  @Test func `are refused for more program headers than a file counts`() throws {
    var header = try CoreHeader.golden()
    header.memory = Array(repeating: header.memory[0], count: 0xffff - 4)

    #expect(throws: FormatError.tooMany("program headers", count: 0xffff, limit: 0xfffe)) {
      try header.bytes()
    }
    header.memory.removeLast()
    #expect(try header.bytes().count == (64 + 0xfffe * 56 + 4095) / 4096 * 4096)
  }

  @Test func `are in the byte order of the crashed kernel`() throws {
    let bytes = try CoreHeader.golden(byteOrder: .big).bytes()

    #expect(bytes[5] == 2)
    #expect(Array(bytes[18..<20]) == [0, 183])
    #expect(
      try ELFFile(bytes.span).programHeaders == CoreHeader.golden(byteOrder: .little).programHeaders
    )
  }

  @Test(arguments: [ByteOrder.little, .big])
  func `are read by readelf without a warning`(order: ByteOrder) throws {
    let folder = try TemporaryFolder()
    try write(CoreHeader.golden(byteOrder: order).bytes(), to: folder / "core")

    let result = try run("readelf", ["-hlW", folder / "core"])

    #expect(result.errors == "")
    #expect(result.text == golden(order))
  }
}

@Suite struct `Core headers that others made` {
  @Test(arguments: oracles)
  func `are written as they were read, up to the padding`(machine: String, maker: String) throws {
    let bytes = try oracle(machine, maker)

    let file = try ELFFile(bytes.span)
    let written = try ELFFile(coreOf: file.machine, file.byteOrder, file.programHeaders).bytes

    #expect(file.programHeaders.count > 3)
    #expect(written == Array(bytes.prefix(written.count)))
    #expect(bytes.dropFirst(written.count).allSatisfy { $0 == 0 })
  }

  /// The golden's values are those of this machine.
  @Test(arguments: [("kernel", CoreHeader.Style.kernel), ("kexec-tools", .kexecTools)])
  func `are equal to ours, padding too`(maker: String, style: CoreHeader.Style) throws {
    let expected = try oracle("arm64-virt-6.12-kf", maker)

    #expect(try CoreHeader.golden().bytes(style: style) == expected)
  }
}
