// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import Testing

@Suite struct `A physical range` {
  @Test func `is half-open`() throws {
    let range = try #require(PhysicalRange(start: 0x1000, size: 0x2000))

    #expect(range.end == 0x3000)
    #expect(range.lastByte == 0x2fff)
    #expect(range.description == "0x1000-0x2fff")
  }

  @Test func `is never empty and never wraps`() {
    #expect(PhysicalRange(start: 5, size: 0) == nil)
    #expect(PhysicalRange(start: 5, end: 5) == nil)
    #expect(PhysicalRange(start: 5, lastByte: 4) == nil)
    #expect(PhysicalRange(start: .max, size: 1) == nil)
    #expect(PhysicalRange(start: .max - 1, size: 1) != nil)
    #expect(PhysicalRange(start: 0, lastByte: .max) == nil)
  }

  @Test(arguments: [
    ("0x48000000+0x1f9bb8", 0x4800_0000, 0x1f_9bb8), ("4096+1K", 4096, 1024),
    ("0x1000-0x1fff", 0x1000, 0x1000), ("256M@0x80000000", 0x8000_0000, 256 << 20),
    ("64M@16M", 16 << 20, 64 << 20), ("1G@0", 0, 1 << 30), ("0+1", 0, 1),
  ])
  func `is read in the three forms people write`(text: String, start: UInt64, size: UInt64) {
    #expect(PhysicalRange(text: text) == PhysicalRange(start: start, size: size))
  }

  @Test(arguments: [
    "", "0x", "1", "1+", "+1", "1+0", "-", "5-4", "0x1000-", "16@", "1T@0", "1+-1", "++1",
    "0xffffffffffffffff+1", "18446744073709551616+1", "17179869184G@0", "1 +1", "0x1+0xg", "-1-5",
  ])
  func `is nothing else`(text: String) {
    #expect(PhysicalRange(text: text) == nil)
  }
}

@Suite struct `A set of ranges` {
  @Test func `joins ranges that touch or overlap`() throws {
    let ranges: [(UInt64, UInt64)] = [
      (0x3000, 0x1000), (0x1000, 0x1000), (0x2000, 0x1000), (0x8000, 0x10),
    ]

    let set = PhysicalRangeSet(ranges.compactMap { PhysicalRange(start: $0, size: $1) })

    #expect(set.ranges.map(\.description) == ["0x1000-0x3fff", "0x8000-0x800f"])
    #expect(set.contains(try #require(PhysicalRange(start: 0x1800, size: 0x2000))))
    #expect(!set.contains(try #require(PhysicalRange(start: 0x3fff, size: 2))))
  }

  @Test func `keeps the longer of two ranges that start together`() {
    let ranges: [(UInt64, UInt64)] = [(0x1000, 0x9000), (0x1000, 0x10), (0x2000, 0x10)]

    let set = PhysicalRangeSet(ranges.compactMap { PhysicalRange(start: $0, size: $1) })

    #expect(set.ranges.map(\.description) == ["0x1000-0x9fff"])
  }
}
