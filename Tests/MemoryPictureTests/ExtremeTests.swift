// SPDX-License-Identifier: Apache-2.0

import MemoryPicture
import PhysicalMemory
import TestSupport
import Testing

@Suite struct `Memory of extreme shape` {
  @Test func `is drawn up to the last byte that a range can have`() throws {
    let whole = try #require(PhysicalRange(start: 0, end: .max))
    let last = try #require(PhysicalRange(start: .max - 1, end: .max))
    let first = try #require(PhysicalRange(start: 0, size: 1))

    for ranges in [[whole], [last], [first, last], [whole, last, first]] {
      for kind in MemoryPicture.Kind.allCases {
        let items = ranges.map { Item("x", $0, kind) } + [Item("y", last, .segment)]
        let picture = MemoryPicture(items, title: "")
        #expect(picture.text().contains("0xfffffffffffffffe-0xfffffffffffffffe"))
        #expect(picture.svg.hasSuffix("</svg>\n"))
      }
    }
  }

  @Test(arguments: 0..<200)
  func `is drawn whatever it is`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let items = try Machine.random.items().filter { _ in Int.random(in: 0..<8, using: &random) == 0
    }

    let picture = MemoryPicture(items, title: "")

    #expect(picture.text().split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(picture.svg.hasSuffix("</svg>\n"))
  }
}

@Suite struct `A picture of many items` {
  enum Shape: CaseIterable {
    /// Reserved pages, far from each other, in one range of RAM.
    case pages
    /// Every item is a range of RAM, and there are holes between.
    case holes
    /// Every item is inside the one before it.
    case nested
    /// Ever larger items: each is more important than those before it.
    case rising

    func items(_ count: UInt64) throws -> [Item] {
      let ram = try item("System RAM", 0, 1 << 50, .ram)
      return try [ram]
        + (0..<count).map { number in
          switch self {
          case .pages: try item("reserved", number << 16, 0x1000, .reserved)
          case .holes: try item("System RAM", number << 40, 1 << 30, .ram)
          case .nested: try item("reserved", number, (count - number) * 2, .reserved)
          case .rising: try item("kernel", number << 20, number + 1, .segment)
          }
        }
    }
  }

  @Test(arguments: Shape.allCases)
  func `is drawn in linear time`(shape: Shape) throws {
    let (few, many) = (try shape.items(5_000), try shape.items(20_000))

    #expect(Growth(from: { draw(few) }, to: { draw(many) }).isLinear)
  }

  private func draw(_ items: [Item]) {
    let picture = MemoryPicture(items, title: "")
    #expect(picture.text().utf8.count < 10_000)
    #expect(picture.svg.utf8.count < 100_000)
  }
}
