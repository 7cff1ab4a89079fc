// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import TestSupport
import Testing

@Suite struct `Fifty thousand ranges` {
  @Test func `are made a set, and cut by another, in linear time`() {
    let (few, many) = (Ranges(12_500), Ranges(50_000))

    #expect(Growth(from: few.sort, to: many.sort).isLinear)
    #expect(Growth(from: few.subtract, to: many.subtract).isLinear)
    #expect(Growth(from: few.subtractUnordered, to: many.subtractUnordered).isLinear)
    #expect(Growth(from: few.combine, to: many.combine).isLinear)
  }

  @Test(arguments: [.upward, .downward] as [FreeSpaceSearch.Direction])
  func `are searched for room in linear time`(direction: FreeSpaceSearch.Direction) throws {
    let (few, many) = (Ranges(12_500), Ranges(50_000))
    let search = try #require(FreeSpaceSearch(size: 0x2000, pageSize: 0x1000, direction))

    #expect(Growth(from: { few.expectNoRoom(search) }, to: { many.expectNoRoom(search) }).isLinear)
  }

  /// Ranges, and as many cuts: one in the second page of each range.
  private struct Ranges {
    let memory, backward: [PhysicalRange]
    let whole, cuts: PhysicalRangeSet

    init(_ count: Int) {
      memory = ranges(count, from: 0, every: 0x4000, size: 0x2000)
      backward = memory.reversed()
      whole = PhysicalRangeSet(memory)
      cuts = PhysicalRangeSet(ranges(count, from: 0x1000, every: 0x4000, size: 0x800))
    }

    func sort() { #expect(PhysicalRangeSet(backward).ranges == memory) }

    func subtract() { #expect(memory.subtracting(cuts).count == 2 * memory.count) }

    func subtractUnordered() { #expect(backward.subtracting(cuts).count == 2 * memory.count) }

    func combine() {
      #expect(whole.union(cuts) == whole)
      #expect(whole.intersection(cuts) == cuts)
    }

    /// Every page but one of each range is taken.
    func expectNoRoom(_ search: FreeSpaceSearch) {
      #expect(search.place(in: memory, avoiding: cuts) == nil)
    }
  }
}

private func ranges(
  _ count: Int, from first: UInt64, every step: UInt64, size: UInt64
) -> [PhysicalRange] {
  (0..<UInt64(count)).compactMap { PhysicalRange(start: first + $0 * step, size: size) }
}
