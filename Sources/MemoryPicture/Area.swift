// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// Addresses of one use, painted in one colour.
struct Area: Hashable, Sendable {
  var range: PhysicalRange
  /// The use; nil for a hole.
  let kind: MemoryPicture.Kind?
  /// The use of the memory it lies in, if any.
  let ground: MemoryPicture.Kind?
  let name: String
  /// How many items begin in it: 0 for the rest of an item that another one lies on.
  var count: Int

  /// Whether it is drawn in the picture of all memory.
  var isMemory: Bool { kind?.isMemory == true || ground?.isMemory == true }

  var isOfInterest: Bool { kind?.isOfInterest == true }
}

extension MemoryPicture {
  /// The visible areas of items that may overlap, in rising order, holes included.
  static func areas(of items: [Item]) -> [Area] {
    let items = items.sorted { ($0.range.start, $1.range.end) < ($1.range.start, $0.range.end) }
    var areas: [Area] = []
    var open = OpenItems()
    var next = 0
    var position = items.first?.range.start ?? 0
    while true {
      while next < items.count, items[next].range.start <= position {
        open.append(items[next])
        next += 1
      }
      open.close(endingAt: position)
      let nextStart = next < items.count ? items[next].range.start : nil
      guard let top = open.top else {
        guard let nextStart else { return areas }
        areas.append(hole: position, nextStart)
        position = nextStart
        continue
      }
      let end = min(top.range.end, open.ground?.range.end ?? .max, nextStart ?? .max)
      if let range = PhysicalRange(start: position, end: end) {
        areas.append(top, range, on: open.ground?.kind)
      }
      position = end
    }
  }
}

/// The open items of the sweep by kind; of each kind, the one that started last is on top.
private struct OpenItems {
  private var stacks: [[MemoryPicture.Item]] = MemoryPicture.Kind.allCases.map { _ in [] }
  /// The visible item.
  private(set) var top: MemoryPicture.Item?
  /// The item of another kind beneath.
  private(set) var ground: MemoryPicture.Item?

  mutating func append(_ item: MemoryPicture.Item) {
    stacks[item.kind.rawValue].append(item)
  }

  /// Removes the items that end at an address. Items below a top may have ended before: they are
  /// invisible, and are removed with the top.
  mutating func close(endingAt address: UInt64) {
    (top, ground) = (nil, nil)
    for index in stacks.indices.reversed() {
      while let last = stacks[index].last, last.range.end <= address { stacks[index].removeLast() }
      guard let last = stacks[index].last else { continue }
      if top == nil { top = last } else if ground == nil { ground = last }
    }
  }
}

extension [Area] {
  fileprivate mutating func append(hole start: UInt64, _ end: UInt64) {
    guard let range = PhysicalRange(start: start, end: end) else { return }
    append(Area(range: range, kind: nil, ground: nil, name: "hole", count: 1))
  }

  /// Adds a visible part of an item, joined to an equal area before it.
  fileprivate mutating func append(
    _ item: MemoryPicture.Item, _ range: PhysicalRange, on ground: MemoryPicture.Kind?
  ) {
    let starts = item.range.start == range.start ? 1 : 0
    if item.kind.isJoined, let last = self.last, last.kind == item.kind, last.name == item.name,
      last.ground == ground || item.kind == .kernel, last.range.end == range.start,
      let whole = PhysicalRange(start: last.range.start, end: range.end)
    {
      self[count - 1].range = whole
      self[count - 1].count += starts
    } else {
      append(
        Area(range: range, kind: item.kind, ground: ground, name: item.name, count: starts))
    }
  }
}

/// Areas of one kind taken together.
struct AreaSum {
  let kind: MemoryPicture.Kind?
  /// Their name; nil for different names.
  var name: String?
  var count = 0
  var size: UInt64 = 0

  /// A sum for each kind, the one with the most bytes first; holes last.
  static func sums(of areas: ArraySlice<Area>) -> [AreaSum] {
    var sums = ([nil] + MemoryPicture.Kind.allCases).map { AreaSum(kind: $0) }
    for area in areas {
      let index = area.kind.map { $0.rawValue + 1 } ?? 0
      sums[index].add(area)
    }
    return sums.filter { $0.size > 0 }.sorted {
      $1.kind == nil || $0.kind != nil && $0.size > $1.size
    }
  }

  private mutating func add(_ area: Area) {
    name = size == 0 || name == area.name ? area.name : nil
    count += area.count
    size += area.range.size
  }

  /// `System RAM`, `212 reserved ranges`.
  var text: String {
    switch (count, kind) {
    case (0...1, _): name?.shown() ?? kind?.name ?? ""
    case (_, nil): "\(count) holes"
    case (_, .ram), (_, .driverRAM): "\(count) ranges of RAM"
    case (_, .other): (name?.shown() ?? "other") + " (\(count) ranges)"
    case (_, .reserved): "\(count) reserved ranges"
    case (_, .kernel): "kernel in \(count) ranges"
    case (_, .crash): "\(count) ranges for crash kernels"
    case (_, .segment): "\(count) segments"
    }
  }

  /// Several sums: `System RAM (1.2 GiB), 12 reserved areas (3.1 MiB), hole`.
  static func text(of sums: [AreaSum]) -> String {
    let whole = sizeText(sums.reduce(0) { $0 + $1.size })
    let texts = sums.prefix(3).map { sum in
      let size = sizeText(sum.size)
      return sum.kind == nil || size == whole ? sum.text : "\(sum.text) (\(size))"
    }
    return (texts + (sums.count > 3 ? ["more"] : [])).joined(separator: ", ")
  }
}
