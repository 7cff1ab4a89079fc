// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import TestSupport
import Testing

/// Four times the ranges may take eight times as long, where a quadratic step would take sixteen.
@Suite struct `A hundred thousand ranges` {
  @Test func `are made a set, and cut by another, in linear time`() {
    let (few, many) = (Times(25_000), Times(100_000))

    #expect(many.sorting / few.sorting < 8)
    #expect(many.subtracting / few.subtracting < 8)
    #expect(many.subtractingUnordered / few.subtractingUnordered < 8)
    #expect(many.combining / few.combining < 8)
  }

  @Test func `are searched for room in linear time`() throws {
    let (few, many) = (try Search(25_000), try Search(100_000))

    #expect(many.upward / few.upward < 8)
    #expect(many.downward / few.downward < 8)
  }

  /// Seconds of processor time to take as many ranges out of as many.
  private struct Times {
    let sorting, subtracting, subtractingUnordered, combining: Double

    init(_ count: Int) {
      let memory = ranges(count, from: 0, every: 0x4000, size: 0x2000)
      let cuts = ranges(count, from: 0x1000, every: 0x4000, size: 0x800)
      let set = PhysicalRangeSet(cuts)
      let backward = Array(memory.reversed())

      sorting = processorSeconds { #expect(PhysicalRangeSet(backward).ranges == memory) }
      subtracting = processorSeconds { #expect(memory.subtracting(set).count == 2 * count) }
      subtractingUnordered = processorSeconds {
        #expect(backward.subtracting(set).count == 2 * count)
      }
      let whole = PhysicalRangeSet(memory)
      combining = processorSeconds {
        #expect(whole.union(set) == whole)
        #expect(whole.intersection(set) == set)
      }
    }
  }

  /// Seconds of processor time to find no room where every page but one of each range is taken.
  private struct Search {
    let upward, downward: Double

    init(_ count: Int) throws {
      let memory = ranges(count, from: 0, every: 0x4000, size: 0x2000)
      let taken = PhysicalRangeSet(ranges(count, from: 0x1000, every: 0x4000, size: 0x800))
      let up = try #require(FreeSpaceSearch(size: 0x2000, pageSize: 0x1000, .upward))
      let down = try #require(FreeSpaceSearch(size: 0x2000, pageSize: 0x1000, .downward))

      upward = processorSeconds { #expect(up.place(in: memory, avoiding: taken) == nil) }
      downward = processorSeconds { #expect(down.place(in: memory, avoiding: taken) == nil) }
    }
  }
}

private func ranges(
  _ count: Int, from first: UInt64, every step: UInt64, size: UInt64
) -> [PhysicalRange] {
  (0..<UInt64(count)).compactMap { PhysicalRange(start: first + $0 * step, size: size) }
}
