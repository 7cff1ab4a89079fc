// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import TestSupport
import Testing

@testable import MemoryPicture

@Suite struct `The areas of a picture` {
  /// Against a picture that is painted byte by byte.
  @Test(arguments: 0..<300)
  func `are what is seen when later kinds are painted over earlier ones`(seed: UInt64) throws {
    var random = SplitMix64(seed: seed)
    let items = try (0..<UInt64.random(in: 1...12, using: &random)).map { number in
      let kind = try #require(MemoryPicture.Kind.allCases.randomElement(using: &random))
      let start = UInt64.random(in: 0..<48, using: &random)
      return try item("\(number)", start, UInt64.random(in: 1...16, using: &random), kind)
    }

    let areas = MemoryPicture.areas(of: items)

    var address = items.map(\.range.start).min() ?? 0
    for area in areas {
      #expect(area.range.start == address)
      for byte in area.range.start..<area.range.end {
        let kinds = Set(items.filter { $0.range.start <= byte && byte < $0.range.end }.map(\.kind))
          .sorted(by: >)
        #expect(area.kind == kinds.first)
        if area.kind != .kernel { #expect(area.ground == kinds.dropFirst().first) }
      }
      address = area.range.end
    }
    #expect(address == items.map(\.range.end).max())
  }

  @Test(arguments: Machine.allCases)
  func `are all in the rows, and the rows in the parts`(machine: Machine) throws {
    let picture = try machine.picture()

    #expect(picture.rows.first?.range.start == picture.areas.first?.range.start)
    #expect(picture.rows.last?.range.end == picture.areas.last?.range.end)
    #expect(
      zip(picture.rows, picture.rows.dropFirst()).allSatisfy { $0.range.end == $1.range.start })
    #expect(picture.rows.count <= MemoryPicture.rowLimit)
    #expect(picture.parts.flatMap(\.rows) == Array(picture.rows.indices))
  }

  @Test(
    arguments: [
      (0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (1_048_575, "1 MiB"),
      (0x1f_9bb8, "2 MiB"), (102_300, "99.9 KiB"), (119 << 20, "119 MiB"), (.max, "16 EiB"),
      (1023 << 40, "1023 TiB"),
    ] as [(UInt64, String)])
  func `have sizes as people write them`(size: UInt64, text: String) {
    #expect(sizeText(size) == text)
  }
}
