// SPDX-License-Identifier: Apache-2.0

import MemoryPicture
import PhysicalMemory
import TestSupport

typealias Item = MemoryPicture.Item

/// An item of a machine that was made up.
func item(
  _ name: String, _ start: UInt64, _ size: UInt64, _ kind: MemoryPicture.Kind
) throws -> Item {
  guard let range = PhysicalRange(start: start, size: size) else { throw BadItem() }
  return Item(name, range, kind)
}

/// A range that is none.
struct BadItem: Error {}

/// Machines to draw, small and large.
enum Machine: CaseIterable {
  /// Nothing at all.
  case empty
  /// One range of RAM.
  case plain
  /// A plan for a crash on a board with 1.5 GiB.
  case crash
  /// 4 TiB in 64 ranges, 500 reserved ranges, a plan.
  case huge
  /// Thirteen ranges of RAM, three of them large, whose labels have hardly any room.
  case stretches
  /// A thousand segments without any RAM.
  case segments
  /// Items that lie over, in and beside each other, up to the end of the address space.
  case random
  /// Names that are long, and names that mean something to terminals and to XML.
  case names

  func items() throws -> [Item] {
    switch self {
    case .empty: []
    case .plain: [try item("System RAM", 0x8000_0000, 1 << 27, .ram)]
    case .crash: try Self.crashItems()
    case .huge: try Self.hugeItems()
    case .stretches:
      try (0..<13).map { try item("System RAM", $0 << 40, $0 % 5 == 0 ? 1 << 30 : 1 << 20, .ram) }
    case .segments:
      try (0..<1000).map { try item("segment \($0)", $0 << 40, $0 % 7 + 1, .segment) }
    case .random: (0..<400).map(Self.randomItem)
    case .names:
      try [
        "<b>&\"'", "\u{1b}[31mred\u{7}\r\n", "Grüße", "漢字\u{202e}", "]]>",
        String(repeating: "W", count: 300),
      ].enumerated().map { try item($1, UInt64($0) << 20, 4096, $0 % 2 == 0 ? .segment : .other) }
    }
  }

  func picture() throws -> MemoryPicture {
    MemoryPicture(try items(), title: "Memory of <\(self)>")
  }

  private static func crashItems() throws -> [Item] {
    [
      try item("System RAM", 0x4000_0000, 0x6000_0000, .ram),
      try item("running kernel", 0x4020_0000, 0x6a_0000, .kernel),
      try item("reserved", 0x4062_0000, 0x10_0000, .reserved),
      try item("Crash kernel", 0x9140_0000, 0xc00_0000, .crash),
      try item("kernel", 0x9140_0000, 0x201_0000, .segment),
      try item("device tree", 0x9cb0_0000, 0x3000, .segment),
      try item("initrd", 0x9cc0_0000, 0x1f_a000, .segment),
      try item("core header", 0x9d3f_0000, 0x1000, .segment),
      try item("trampoline", 0x9d3f_f000, 0x1000, .segment),
    ]
  }

  private static func hugeItems() throws -> [Item] {
    var random = SplitMix64(seed: 4)
    let ram = try (0..<64 as Range<UInt64>).map {
      try item("System RAM", $0 << 38, 1 << 36, .ram)
    }
    let reserved = try (0..<500 as Range<UInt64>).map {
      let size = UInt64.random(in: 1...100, using: &random) << 12
      return try item("reserved", ($0 % 64) << 38 | $0 << 26, size, .reserved)
    }
    let plan = [
      try item("Crash kernel", 0x6f00_0000, 0x1000_0000, .crash),
      try item("kernel", 0x7000_0000, 0x240_0000, .segment),
      try item("core header", 0x7eff_0000, 0x1000, .segment),
    ]
    return ram + reserved + plan
  }

  private static func randomItem(_ seed: Int) -> Item {
    var random = SplitMix64(seed: UInt64(seed))
    let shift = UInt64.random(in: 0..<64, using: &random)
    let start = UInt64.random(in: 0..<UInt64.max, using: &random) >> shift
    let size =
      UInt64.random(in: 1..<UInt64.max, using: &random)
      >> UInt64.random(in: 10..<64, using: &random)
    let kind = MemoryPicture.Kind.allCases.randomElement(using: &random) ?? .ram
    let end = min(start.addingReportingOverflow(size).partialValue, .max)
    guard let range = PhysicalRange(start: min(start, end), end: max(start, end)) else {
      return randomItem(seed + 1000)
    }
    return Item("item \(seed)", range, kind)
  }
}

extension MemoryPicture {
  var svg: String { MemoryPicture.svg([self]) }
}
