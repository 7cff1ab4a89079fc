// SPDX-License-Identifier: Apache-2.0

import RunningKernel
import TestSupport
import Testing

/// Four times the lines may take eight times as long, where a quadratic step would take sixteen.
@Suite struct `A memory map of two hundred thousand lines` {
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
    let (few, many) = (try Times(shape, 50_000), try Times(shape, 200_000))

    #expect(many.reading / few.reading < 8)
    #expect(many.searching / few.searching < 8)
  }

  /// Seconds of processor time.
  private struct Times {
    let reading, searching: Double

    init(_ shape: Shape, _ lineCount: Int) throws {
      let text = Array(shape.text(lineCount: lineCount).utf8)
      let map = try MemoryMap(text.span)
      #expect(map.entries.count == lineCount)

      reading = try processorSeconds { _ = try MemoryMap(text.span) }
      searching = processorSeconds {
        _ = (map.systemRAM, map.memoryToDump, map.crashRegions, map.reserved, map.isHidden)
      }
    }
  }
}
