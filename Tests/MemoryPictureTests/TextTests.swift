// SPDX-License-Identifier: Apache-2.0

import MemoryPicture
import PhysicalMemory
import Testing

private typealias TextStyle = MemoryPicture.TextStyle

@Suite struct `A picture on a terminal` {
  @Test(arguments: Machine.allCases, [20, 40, 80, 132, 300])
  func `is never wider than the terminal`(machine: Machine, width: Int) throws {
    for hasShades in [false, true] {
      let text = try machine.picture().text(TextStyle(width: width, hasShades: hasShades))

      #expect(text.split(separator: "\n").filter { $0.count > width } == [])
      #expect(text.hasSuffix("\n"))
    }
  }

  @Test(arguments: Machine.allCases)
  func `is ASCII where there are no shades`(machine: Machine) throws {
    let text = try machine.picture().text()

    #expect(text.utf8.allSatisfy { $0 == 0x0a || 0x20..<0x7f ~= $0 })
  }

  @Test(arguments: Machine.allCases)
  func `says the same without colours`(machine: Machine) throws {
    let picture = try machine.picture()
    let plain = picture.text(TextStyle(hasShades: true))
    let colored = picture.text(TextStyle(hasColors: true, hasShades: true))

    #expect(!plain.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
    #expect(colored.replacing(#/\u{1b}\[[0-9;]+m/#, with: "") == plain)
  }

  @Test func `has colours that end with their line`() throws {
    let text = try Machine.crash.picture().text(TextStyle(hasColors: true))

    for line in text.split(separator: "\n") where line.contains("\u{1b}") {
      let last = line.matches(of: #/\u{1b}\[[0-9;]+m/#).last?.output
      #expect(last == "\u{1b}[0m", "\(line)")
    }
  }

  @Test(arguments: [40, 80, 160])
  func `has every segment with its addresses and size`(width: Int) throws {
    let text = try Machine.crash.picture().text(TextStyle(width: width))

    for item in try Machine.crash.items() where item.kind == .segment {
      #expect(text.contains(item.name))
      #expect(text.contains("\(item.range)"))
    }
    #expect(text.contains("32.1 MiB"))
    #expect(text.contains(" 4 KiB"))
  }

  @Test func `shows what a segment lies in`() throws {
    let items = try Machine.crash.items() + [try item("lost", 0x3000_0000, 0x1000, .segment)]

    let lines = MemoryPicture(items, title: "").text().split(separator: "\n")

    #expect(lines.contains { $0.hasPrefix("=# 0x91400000") })
    #expect(lines.contains { $0.hasPrefix(" # 0x30000000") })
    #expect(lines.contains { $0.hasPrefix(".~ 0x408a0000") })
  }

  @Test func `draws all memory to scale`() throws {
    let items = [
      try item("System RAM", 0, 0x4000_0000, .ram),
      try item("Crash kernel", 0x2000_0000, 0x1000_0000, .crash),
      try item("System RAM", 0x1_0000_0000, 0x2000_0000, .ram),
    ]

    let text = MemoryPicture(items, title: "").text()

    let bars = text.split(separator: "\n").filter { $0.contains("|") }.prefix(2)
      .map { $0.split(separator: "|")[1] }
    #expect(bars.first == "......................============...........")
    #expect(bars.last == ".......................")
    #expect(text.contains("hole    3 GiB"))
  }

  @Test func `says that there is nothing`() throws {
    #expect(MemoryPicture([], title: "X").text() == "X\nno memory is known\n")
  }
}

@Suite struct `The rows of a picture` {
  @Test func `sum up neighbours of one kind`() throws {
    let reserved = try (0..<212 as Range<UInt64>).map {
      try item("reserved", 0x5000_0000 + $0 << 12, 0x1000, .reserved)
    }
    let items = [try item("System RAM", 0x4000_0000, 0x4000_0000, .ram)] + reserved

    let text = MemoryPicture(items, title: "").text()

    #expect(text.contains("0x50000000-0x500d3fff  848 KiB 212 reserved ranges"))
  }

  @Test func `sum up what is far from all that matters`() throws {
    let text = try Machine.huge.picture().text(MemoryPicture.TextStyle(width: 120))

    #expect(
      text.contains(
        #/6\d ranges of RAM \([0-9.]+ TiB\), 4\d\d reserved ranges \([0-9.]+ MiB\), 6\d holes/#))
    #expect(text.split(separator: "\n").count < 40)
  }

  @Test(arguments: Machine.allCases)
  func `are few`(machine: Machine) throws {
    let text = try machine.picture().text(MemoryPicture.TextStyle(width: 2000))

    #expect(text.split(separator: "\n").count < 60)
  }
}
