// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import TestSupport

/// A memory of 64 bytes, small enough to try everything: bit N of a number stands for byte N.
enum SmallSpace {
  static let size = 64 as UInt64

  /// The bytes of some ranges.
  static func bits(_ ranges: some Sequence<PhysicalRange>) -> UInt64 {
    ranges.reduce(0) { $0 | bits($1) }
  }

  static func bits(_ range: PhysicalRange) -> UInt64 {
    (range.start..<min(range.end, size)).reduce(0) { $0 | 1 << $1 }
  }

  /// Ranges in any order, which may touch and overlap.
  static func ranges(upTo count: Int, _ random: inout SplitMix64) -> [PhysicalRange] {
    (0..<Int.random(in: 0...count, using: &random)).compactMap { _ in
      let start = UInt64.random(in: 0..<size, using: &random)
      return PhysicalRange(start: start, size: .random(in: 1...size - start, using: &random))
    }
  }

  /// Ranges in rising order that do not overlap, though they may touch, as in `/proc/iomem`.
  static func resources(_ random: inout SplitMix64) -> [PhysicalRange] {
    let edges = (0..<Int.random(in: 0...8, using: &random)).map { _ in
      UInt64.random(in: 0...size, using: &random)
    }.sorted()
    return zip(edges, edges.dropFirst()).compactMap { start, end in
      Bool.random(using: &random) ? PhysicalRange(start: start, end: end) : nil
    }
  }
}
