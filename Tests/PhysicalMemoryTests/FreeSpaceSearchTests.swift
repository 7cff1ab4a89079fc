// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import TestSupport
import Testing

@Suite struct `The search for free memory` {
  /// `kernel/kexec_file.c:locate_mem_hole_callback`: the first place that fits, from one end.
  @Test func `finds what trying every address finds`() {
    var random = SplitMix64(seed: 5)
    let bad = (0..<20_000).filter { _ in
      let ranges = SmallSpace.resources(&random)
      let taken = PhysicalRangeSet(SmallSpace.ranges(upTo: 3, &random))
      guard
        let search = FreeSpaceSearch(
          size: .random(in: 1...20, using: &random),
          alignment: (1 as UInt64) << UInt64.random(in: 0...4, using: &random),
          pageSize: (1 as UInt64) << UInt64.random(in: 0...2, using: &random),
          within: SmallSpace.ranges(upTo: 1, &random).first,
          Bool.random(using: &random) ? .upward : .downward)
      else { return true }
      return search.place(in: ranges, avoiding: taken) != tryEveryAddress(search, ranges, taken)
    }
    #expect(bad == [])
  }

  private func tryEveryAddress(
    _ search: FreeSpaceSearch, _ ranges: [PhysicalRange], _ taken: PhysicalRangeSet
  ) -> PhysicalRange? {
    let places = (0..<SmallSpace.size).compactMap { start -> PhysicalRange? in
      guard start.isMultiple(of: search.alignment),
        let place = PhysicalRange(start: start, size: search.size),
        ranges.contains(where: { $0.contains(place) }),
        search.bounds?.contains(place) ?? true,
        SmallSpace.bits(place) & SmallSpace.bits(taken.ranges) == 0
      else { return nil }
      return place
    }
    return search.direction == .upward ? places.first : places.last
  }

  @Test(arguments: [
    (0 as UInt64, 1 as UInt64, 4096 as UInt64), (1, 3, 4096), (1, 0, 4096), (1, 1, 0),
    (1, 1, 4097), (.max, 1, 4096),
  ])
  func `is not for a size or an alignment that makes no sense`(
    size: UInt64, alignment: UInt64, pageSize: UInt64
  ) {
    #expect(
      FreeSpaceSearch(size: size, alignment: alignment, pageSize: pageSize, .upward) == nil)
  }

  @Test func `counts in whole pages`() throws {
    let search = try #require(FreeSpaceSearch(size: 1, pageSize: 4096, .upward))

    #expect(search.size == 4096)
    #expect(search.alignment == 4096)
  }

  /// The kernel's `e - memsz + 1` wraps when `buf_max` is below `memsz`, and would then pass.
  @Test func `does not wrap below address 0`() throws {
    let low = try #require(PhysicalRange(start: 0, size: 0x2000))
    let memory = try #require(PhysicalRange(start: 0, size: 1 << 40))
    let search = try #require(
      FreeSpaceSearch(size: 0x4000, pageSize: 4096, within: low, .downward))

    #expect(search.place(in: [memory]) == nil)
  }

  /// The kernel's `s += PAGE_SIZE` can wrap at the top.
  @Test(arguments: [FreeSpaceSearch.Direction.upward, .downward])
  func `does not wrap above the last address`(direction: FreeSpaceSearch.Direction) throws {
    let top = try #require(PhysicalRange(start: .max - 0x2fff, end: .max))
    let search = try #require(
      FreeSpaceSearch(size: 0x1000, alignment: 1 << 30, pageSize: 4096, direction))

    #expect(search.place(in: [top]) == nil)
    #expect(search.place(in: [top], avoiding: PhysicalRangeSet([top])) == nil)
  }

  @Test func `jumps over what is taken`() throws {
    let memory = try #require(PhysicalRange(start: 0, size: 1 << 46))
    let taken = try #require(PhysicalRange(start: 0, size: 1 << 45))
    let search = try #require(FreeSpaceSearch(size: 0x1000, pageSize: 4096, .upward))

    #expect(search.place(in: [memory], avoiding: PhysicalRangeSet([taken]))?.start == 1 << 45)
  }
}
