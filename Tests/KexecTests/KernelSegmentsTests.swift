// SPDX-License-Identifier: Apache-2.0

import KernelImage
import PhysicalMemory
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `The segments of a kernel` {
  @Test func `are whole pages that do not overlap`() throws {
    let segments = try segments([(0, 0x1000, 0x1000), (0x1000, 0x500, 0x2000), (0x1_0000, 1, 1)])

    #expect(
      segments.map(\.range) == [
        range(0x8000_0000, 0x1000), range(0x8000_1000, 0x2000), range(0x8001_0000, 0x1000),
      ])
    #expect(segments.map(\.bytes.count) == [0x1000, 0x500, 1])
  }

  @Test func `are one where they share a page`() throws {
    let segments = try segments([(0, 0x1234, 0x1234), (0x1300, 0x10, 0x2000)])

    #expect(segments.map(\.range) == [range(0x8000_0000, 0x4000)])
    #expect(segments[0].bytes.count == 0x1310)
    #expect(segments[0].bytes[0x1233] == 1)
    #expect(segments[0].bytes[0x1234..<0x1300].allSatisfy { $0 == 0 })
    #expect(segments[0].bytes[0x1300] == 2)
  }

  /// Zeros of gigabytes are not made to join what comes after them.
  @Test func `are apart where there are but zeros between them`() throws {
    let segments = try segments([(0, 16, 0x1_0000_0100), (0x1_0000_0200, 16, 0x1000)])

    #expect(segments.count == 2)
    #expect(segments[0].range == range(0x8000_0000, 0x1_0000_0000))
    #expect(segments[1].range == range(0x1_8000_0000, 0x2000))
    #expect(segments[1].bytes.count == 0x210)
    #expect(segments[1].bytes[0x200] == 2)
  }

  /// Thousands of segments in a row, each sharing a page with the next, are one, once copied.
  @Test func `are made in one pass`() throws {
    let segments = try segments((0..<2000).map { (UInt64($0) * 0x811, 0x811, 0x811) })

    #expect(segments.count == 1)
    #expect(segments[0].bytes.count == 2000 * 0x811)
  }

  /// Segments as offset, bytes in the file and in memory; their bytes are 1, 2, ….
  private func segments(
    _ segments: [(offset: UInt64, fileSize: Int, memorySize: UInt64)]
  ) throws -> [(range: PhysicalRange, bytes: [UInt8])] {
    var elf = KernelBuilder.ELF()
    elf.machine = 243
    elf.entry = 0xffff_ffff_8000_0000
    elf.segments = segments.enumerated().map { number, segment in
      .init(
        virtual: 0xffff_ffff_8000_0000 &+ segment.offset, physical: 0x8020_0000 + segment.offset,
        memorySize: segment.memorySize, alignment: 0x1000,
        bytes: [UInt8](repeating: UInt8(truncatingIfNeeded: number + 1), count: segment.fileSize))
    }
    let bytes = elf.bytes
    return KernelSegments(try KernelImage(bytes.span), bytes, at: 0x8000_0000, 4096).all
  }
}
