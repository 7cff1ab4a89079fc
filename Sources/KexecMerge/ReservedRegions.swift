// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

/// A child of `/reserved-memory`, in whichever tree.
struct ReservedRegion {
  static let parent = "/reserved-memory"

  /// The node; a machine's is already in the board's cells, and without its phandle.
  let node: Node
  /// The memory it names; empty for one that the kernel finds a place for.
  let ranges: [PhysicalRange]
  /// Whether it has a `reg` with nothing but sizes of 0, which firmware fills in.
  let isPlaceholder: Bool

  var path: String { Self.parent + "/" + node.name }
  var isAvailable: Bool { node["status"].isAvailable }

  /// What it takes: its ranges, or the size that the kernel is to find room for.
  var memory: Change.Value {
    guard ranges.isEmpty, let size = node["size"]?.number else { return .ranges(ranges) }
    return .text("\(Change.Value.address(size)) bytes anywhere")
  }

  /// Nil for a `reg` that is no list of tuples.
  init?(_ node: Node, _ cells: CellCounts) {
    guard let tuples = (node["reg"] ?? .empty).tuples(cells) else { return nil }
    self.node = node
    ranges = tuples.compactMap(\.memory)
    isPlaceholder = !tuples.isEmpty && ranges.isEmpty
  }
}

/// The children of a board's `/reserved-memory`, found by name and by memory: each in a step, or in the
/// logarithm of their number.
struct ReservedRegions {
  /// Properties that only one region may have, each with the first that has it.
  let defaults: [String: ReservedRegion]
  let all: [ReservedRegion]
  private let byName: [String: Int]
  private let byRanges: [[PhysicalRange]: Int]
  /// All ranges by where they start; with the index of its region, and of the one among it and those
  /// before it that ends last.
  private let sorted: [(range: PhysicalRange, region: Int, last: Int)]

  init(_ regions: [ReservedRegion]) {
    all = regions
    let names = ["linux,cma-default", "linux,dma-default"]
    defaults = Dictionary(
      names.compactMap { name in
        regions.first { $0.isAvailable && $0.node[name] != nil }.map { (name, $0) }
      }, uniquingKeysWith: { first, _ in first })
    byName = Dictionary(regions.enumerated().map { ($1.node.name, $0) }) { first, _ in first }
    let used = regions.enumerated().filter { $1.isAvailable && !$1.ranges.isEmpty }
    byRanges = Dictionary(used.map { ($1.ranges, $0) }) { first, _ in first }
    var sorted: [(range: PhysicalRange, region: Int, last: Int)] = []
    let ranges = used.flatMap { index, region in region.ranges.map { ($0, index) } }
    for (range, region) in ranges.sorted(by: { $0.0 < $1.0 }) {
      let before = sorted.last?.last
      let isLast = before.map { sorted[$0].range.end < range.end } ?? true
      sorted.append((range, region, isLast ? sorted.count : before ?? 0))
    }
    self.sorted = sorted
  }

  func index(named name: String) -> Int? { byName[name] }

  /// A region that is used and has exactly this memory.
  func index(of ranges: [PhysicalRange]) -> Int? { ranges.isEmpty ? nil : byRanges[ranges] }

  /// A region that is used and shares memory with a range.
  func region(overlapping range: PhysicalRange) -> (ReservedRegion, PhysicalRange)? {
    var (low, high) = (0, sorted.count)
    while low < high {
      let middle = (low + high) / 2
      if sorted[middle].range.start < range.end { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return nil }
    let last = sorted[sorted[low - 1].last]
    return last.range.overlaps(range) ? (all[last.region], last.range) : nil
  }
}
