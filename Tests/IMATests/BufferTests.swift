// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Foundation
import IMA
import TestSupport
import Testing

@Suite struct `A buffer for the next kernel` {
  /// Debian's Linux 7.2.13 has restored this very buffer, which a script made.
  @Test func `is one that a kernel has restored`() throws {
    let bytes = try captured("x86_64-ima-sig")
    let list = try MeasurementList(bytes.span)

    let made = try MeasurementBuffer(list, for: .little)

    #expect(try made.bytes == buffer("good"))
    #expect(made.size == made.bytes.count)
  }

  @Test func `is big-endian for a kernel that is`() throws {
    let bytes = try captured("s390x-evm-sig")
    let list = try MeasurementList(bytes.span)

    let made = try MeasurementBuffer(list, for: .big).bytes

    // 947 bytes of list, 7 measurements.
    let header: [UInt8] = [
      0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x03, 0xcb, 0, 0, 0, 0, 0, 0, 0, 7,
    ]
    #expect(made == header + bytes)
    let restored = try RestoredMeasurements(made.span)
    #expect(restored.entries == list.entries && restored.byteOrder == .big)
  }

  @Test func `of nothing is its header`() throws {
    let none: [UInt8] = []
    let list = try MeasurementList(none.span, .little)

    let made = try MeasurementBuffer(list, for: .little).bytes

    #expect(made == [1, 0, 0, 0, 0, 0, 0, 0, 24] + [UInt8](repeating: 0, count: 15))
    #expect(try RestoredMeasurements(made.span).problem == nil)
  }

  @Test(arguments: [("s390x-evm-sig", ByteOrder.little), ("x86_64-ima-sig", .big)])
  func `is not made of a list in the other byte order`(name: String, order: ByteOrder) throws {
    let bytes = try captured(name)
    let list = try MeasurementList(bytes.span)

    #expect(
      throws: MeasurementError(offset: 0, number: nil, problem: .otherByteOrder(list.byteOrder))
    ) {
      try MeasurementBuffer(list, for: order)
    }
  }

  @Test func `is not made of a list that no kernel restores to its end`() throws {
    let bytes = try RawEntry().bytes() + captured("x86_64-ima")
    let list = try MeasurementList(bytes.span)

    #expect(throws: MeasurementError(offset: 92, number: 2, problem: .legacyTemplate)) {
      try MeasurementBuffer(list, for: .little)
    }
  }

  /// `ALIGN(size + extra, PAGE_SIZE)`, worked out by hand.
  @Test(arguments: [
    (24, 4096, nil, 4096), (2048, 4096, nil, 4096), (2049, 4096, nil, 8192),
    (743, 65536, nil, 65536), (32768, 65536, nil, 65536), (32769, 65536, nil, 131072),
    (4096, 4096, 0, 4096), (4097, 4096, 0, 8192), (24, 4096, 40960, 45056),
  ])
  func `has a segment with room for more`(
    size: Int, pageSize: UInt64, extra: UInt64?, expected: UInt64
  ) {
    #expect(
      MeasurementBuffer.segmentSize(of: size, pageSize: pageSize, extra: extra) == expected)
  }

  @Test func `has no segment beyond 64 bits`() {
    #expect(MeasurementBuffer.segmentSize(of: 24, pageSize: 4096, extra: .max) == nil)
    #expect(MeasurementBuffer.segmentSize(of: 24, pageSize: 4096, extra: .max - 100) == nil)
  }
}
