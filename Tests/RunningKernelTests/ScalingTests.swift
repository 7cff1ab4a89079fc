// SPDX-License-Identifier: Apache-2.0

import RunningKernel
import TestSupport
import Testing

@Suite struct `A memory map of fifty thousand lines` {
  enum Shape: CaseIterable {
    /// No line is inside another one.
    case flat
    /// Blocks of RAM with twenty lines in each.
    case nested
    /// Every line is inside the one before it, below the deepest indent of the kernel.
    case deep

    func text(lineCount: Int) -> String {
      (0..<lineCount).map { line in
        switch self {
        case .flat: "\(hex(line * 0x1000))-\(hex(line * 0x1000 + 0xfff)) : System RAM\n"
        case .nested: nestedLine(line)
        case .deep:
          "\(hex(line))-\(hex(2 * lineCount - line)) : a device of some vendor\n"
        }
      }.joined()
    }

    private func nestedLine(_ line: Int) -> String {
      let start = line * 0x1000
      guard line % 20 == 0 else { return "  \(hex(start))-\(hex(start + 0xfff)) : reserved\n" }
      return "\(hex(start))-\(hex(start + 20 * 0x1000 - 1)) : System RAM\n"
    }

    private func hex(_ number: Int) -> String { String(number, radix: 16) }
  }

  @Test(arguments: Shape.allCases)
  func `is read and searched in linear time`(shape: Shape) throws {
    let (few, many) = (try Map(shape, 12_500), try Map(shape, 50_000))
    #expect(few.map.entries.count == 12_500)
    #expect(many.map.entries.count == 50_000)

    #expect(try Growth(from: few.read, to: many.read).isLinear)
    #expect(Growth(from: few.search, to: many.search).isLinear)
  }

  private struct Map {
    let text: [UInt8]
    let map: MemoryMap

    init(_ shape: Shape, _ lineCount: Int) throws {
      let text = Array(shape.text(lineCount: lineCount).utf8)
      map = try MemoryMap(text.span)
      self.text = text
    }

    func read() throws { _ = try MemoryMap(text.span) }

    func search() {
      _ = (map.systemRAM, map.memoryToDump, map.crashRegions, map.reserved, map.isHidden)
    }
  }
}
