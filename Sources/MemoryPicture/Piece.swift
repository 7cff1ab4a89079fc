// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory

/// Addresses of one use: what the picture is painted with.
struct Piece: Hashable, Sendable {
  var range: PhysicalRange
  /// The use; nil for a hole, of which nothing is told.
  let kind: MemoryPicture.Kind?
  /// What it lies in; nil when that is nothing.
  let ground: MemoryPicture.Kind?
  let name: String
  /// How many items begin in it: none when it is the rest of one that something lies on.
  var count: Int

  /// Whether it takes room in the picture of all memory.
  var isMemory: Bool { kind?.isMemory == true || ground?.isMemory == true }

  var isOfInterest: Bool { kind?.isOfInterest == true }
}

extension MemoryPicture {
  /// What is seen of items that may overlap: pieces that do not, from the lowest address to the highest.
  static func pieces(of items: [Item]) -> [Piece] {
    let items = items.sorted { ($0.range.start, $1.range.end) < ($1.range.start, $0.range.end) }
    var pieces: [Piece] = []
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
        guard let nextStart else { return pieces }
        pieces.append(hole: position, nextStart)
        position = nextStart
        continue
      }
      let end = min(top.range.end, open.ground?.range.end ?? .max, nextStart ?? .max)
      if let range = PhysicalRange(start: position, end: end) {
        pieces.append(top, range, on: open.ground?.kind)
      }
      position = end
    }
  }
}

/// The items that the sweep is inside of, by kind; of each kind the one that started last is on top.
private struct OpenItems {
  private var stacks: [[MemoryPicture.Item]] = MemoryPicture.Kind.allCases.map { _ in [] }
  /// The item that is seen.
  private(set) var top: MemoryPicture.Item?
  /// The item of another kind beneath.
  private(set) var ground: MemoryPicture.Item?

  mutating func append(_ item: MemoryPicture.Item) {
    stacks[item.kind.rawValue].append(item)
  }

  /// Leaves what ends at an address. Below a top there may be items that ended before; they are not
  /// seen, and go when their turn comes.
  mutating func close(endingAt address: UInt64) {
    (top, ground) = (nil, nil)
    for index in stacks.indices.reversed() {
      while let last = stacks[index].last, last.range.end <= address { stacks[index].removeLast() }
      guard let last = stacks[index].last else { continue }
      if top == nil { top = last } else if ground == nil { ground = last }
    }
  }
}

extension [Piece] {
  fileprivate mutating func append(hole start: UInt64, _ end: UInt64) {
    guard let range = PhysicalRange(start: start, end: end) else { return }
    append(Piece(range: range, kind: nil, ground: nil, name: "hole", count: 1))
  }

  /// Adds what is seen of an item, to the piece before it if that is no different.
  fileprivate mutating func append(
    _ item: MemoryPicture.Item, _ range: PhysicalRange, on ground: MemoryPicture.Kind?
  ) {
    let starts = item.range.start == range.start ? 1 : 0
    if item.kind.isSummed, let last = self.last, last.kind == item.kind, last.name == item.name,
      last.ground == ground || item.kind == .kernel, last.range.end == range.start,
      let whole = PhysicalRange(start: last.range.start, end: range.end)
    {
      self[count - 1].range = whole
      self[count - 1].count += starts
    } else {
      append(
        Piece(range: range, kind: item.kind, ground: ground, name: item.name, count: starts))
    }
  }
}
