// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// One input of libFuzzer: lines of text, each as a range a person writes. What is read, written in
/// any of the three forms, reads the same; the ranges obey the laws of sets.
func fuzzRange(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let lines = bytes(start, count).split(separator: UInt8(ascii: "\n"))
  let ranges = lines.compactMap { line -> PhysicalRange? in
    guard let range = PhysicalRange(text: String(decoding: line, as: UTF8.self)) else { return nil }
    precondition(line.allSatisfy { $0 < 0x80 }, "numbers are ASCII")
    checkTexts(of: range)
    return range
  }
  checkSets(ranges)
  return 0
}

private func checkTexts(of range: PhysicalRange) {
  precondition(range.start < range.end && range.lastByte == range.start + (range.size - 1))
  let texts = [
    "\(range)", "\(range.start)+\(range.size)", "\(range.size)@\(range.start)",
    "0x" + String(range.start, radix: 16) + "+0X" + String(range.size, radix: 16),
  ]
  precondition(texts.allSatisfy { PhysicalRange(text: $0) == range }, "own text reads the same")
}

private func checkSets(_ ranges: [PhysicalRange]) {
  let half = ranges.count / 2
  let one = PhysicalRangeSet(ranges[..<half])
  let two = PhysicalRangeSet(ranges[half...])
  let all = PhysicalRangeSet(ranges)
  precondition(zip(all.ranges, all.ranges.dropFirst()).allSatisfy { $0.end < $1.start })
  precondition(ranges.allSatisfy(all.contains))
  precondition(one.union(two) == all && two.union(one) == all)
  let (common, rest) = (one.intersection(two), one.subtracting(two))
  precondition(rest.intersection(two).isEmpty && rest.union(common) == one)
  precondition(common == two.intersection(one))
  precondition(common.size + rest.size == one.size && one.size <= all.size)
  for range in ranges {
    precondition(one.overlaps(range) == !one.intersection(PhysicalRangeSet([range])).isEmpty)
    let pages = range.roundedOutward(to: 4096)
    precondition(
      pages.contains(range) && (range.roundedInward(to: 4096).map(range.contains) ?? true))
  }
  let pieces = ranges.subtracting(two)
  precondition(PhysicalRangeSet(pieces) == all.subtracting(two), "in any order")
  guard let search = FreeSpaceSearch(size: 4096, pageSize: 4096, .downward) else { return }
  if let place = search.place(in: one.ranges, avoiding: two) {
    precondition(one.contains(place) && !two.overlaps(place))
  }
}
