// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import TestSupport
import Testing

/// Against sets of single bytes, with a fixed seed; the cases that differ are named by their number.
@Suite struct `Sets of ranges, as sets of bytes,` {
  @Test func `are united, cut and taken from each other`() {
    var random = SplitMix64(seed: 1)
    let bad = (0..<10_000).filter { _ in
      let some = SmallSpace.ranges(upTo: 6, &random)
      let others = SmallSpace.ranges(upTo: 6, &random)
      let (one, two) = (PhysicalRangeSet(some), PhysicalRangeSet(others))
      let (bits, otherBits) = (SmallSpace.bits(some), SmallSpace.bits(others))
      return
        !(isSet(one, of: bits) && isSet(one.union(two), of: bits | otherBits)
        && isSet(one.intersection(two), of: bits & otherBits)
        && isSet(one.subtracting(two), of: bits & ~otherBits))
    }
    #expect(bad == [])
  }

  @Test func `are rounded to blocks`() {
    var random = SplitMix64(seed: 2)
    let bad = (0..<5_000).filter { _ in
      let ranges = SmallSpace.resources(&random)
      let alignment = (1 as UInt64) << UInt64.random(in: 0...5, using: &random)
      let blocks = stride(from: 0, to: SmallSpace.size, by: Int(alignment)).compactMap {
        PhysicalRange(start: $0, size: alignment)
      }
      let set = PhysicalRangeSet(ranges)
      let inside = blocks.filter { block in ranges.contains { $0.contains(block) } }
      let touched = blocks.filter { block in ranges.contains { $0.overlaps(block) } }
      let whole = ranges.compactMap { $0.roundedInward(to: alignment) }
      return
        !(SmallSpace.bits(whole) == SmallSpace.bits(inside)
        && isSet(
          set.roundedInward(to: alignment), of: SmallSpace.bits(blocks.filter(set.contains)))
        && isSet(set.roundedOutward(to: alignment), of: SmallSpace.bits(touched)))
    }
    #expect(bad == [])
  }

  @Test func `know what they hold and touch`() {
    var random = SplitMix64(seed: 3)
    let bad = (0..<5_000).filter { _ in
      let ranges = SmallSpace.ranges(upTo: 5, &random)
      let (set, bits) = (PhysicalRangeSet(ranges), SmallSpace.bits(ranges))
      return SmallSpace.ranges(upTo: 3, &random).contains { range in
        let wanted = SmallSpace.bits(range)
        return set.contains(range) != (wanted & ~bits == 0)
          || set.overlaps(range) != (wanted & bits != 0)
      }
    }
    #expect(bad == [])
  }

  /// Whether a set has exactly these bytes, in ranges that neither touch nor overlap.
  private func isSet(_ set: PhysicalRangeSet, of bits: UInt64) -> Bool {
    SmallSpace.bits(set.ranges) == bits && set.size == UInt64(bits.nonzeroBitCount)
      && set.isEmpty == (bits == 0)
      && zip(set.ranges, set.ranges.dropFirst()).allSatisfy { $0.end < $1.start }
  }
}

@Suite struct `Ranges without the addresses of a set` {
  @Test func `keep their order, and their neighbours apart`() {
    let ranges: [(UInt64, UInt64)] = [
      (0x4000, 0x1000), (0x5000, 0x1000), (0x1000, 0x2000), (0x1800, 0x10),
    ]
    let holes: [(UInt64, UInt64)] = [(0x4400, 0x100), (0x1400, 0x100)]

    let rest = ranges.compactMap { PhysicalRange(start: $0, size: $1) }.subtracting(
      PhysicalRangeSet(holes.compactMap { PhysicalRange(start: $0, size: $1) }))

    #expect(
      rest.map(\.description) == [
        "0x4000-0x43ff", "0x4500-0x4fff", "0x5000-0x5fff", "0x1000-0x13ff", "0x1500-0x2fff",
        "0x1800-0x180f",
      ])
  }

  @Test func `are, each by itself, what is left of their bytes`() {
    var random = SplitMix64(seed: 4)
    let bad = (0..<10_000).filter { _ in
      let ranges = SmallSpace.ranges(upTo: 5, &random)
      let holes = SmallSpace.ranges(upTo: 5, &random)
      let set = PhysicalRangeSet(holes)
      let rest = ranges.subtracting(set)
      return rest != ranges.flatMap { [$0].subtracting(set) }
        || SmallSpace.bits(rest) != SmallSpace.bits(ranges) & ~SmallSpace.bits(holes)
    }
    #expect(bad == [])
  }

  @Test func `reach to the end of the address space`() throws {
    let all = try #require(PhysicalRange(start: 0, end: .max))
    let top = try #require(PhysicalRange(start: .max - 16, end: .max))

    let below = [all].subtracting(PhysicalRangeSet([top]))
    #expect(below.map(\.end) == [UInt64.max - 16])
    #expect(top.roundedOutward(to: 4096).end == .max)
    #expect(top.roundedInward(to: 4096) == nil)
    let nothing = [top].subtracting(PhysicalRangeSet([all]))
    #expect(nothing.isEmpty)
  }
}
