// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Compression

/// Each instruction of Linux `Documentation/staging/lzo.rst`, by hand.
@Suite struct `LZO instructions` {
  /// The end of a stream: 0001HLLL with a distance of 16384.
  static let end: [UInt8] = [0x11, 0, 0]
  /// 4 literals, by the first byte: 21 is 17 + 4.
  static let abcd: [UInt8] = [21, 0x61, 0x62, 0x63, 0x64]

  /// A block without its end, and what it holds.
  struct Vector: CustomTestStringConvertible {
    let block: [UInt8]
    let content: String

    init(_ block: [UInt8], _ content: String) {
      self.block = block
      self.content = content
    }

    /// Instructions after the first literals.
    init(abcd block: [UInt8], _ content: String) { self.init(abcd + block, "abcd" + content) }

    /// Instructions before many literals.
    init(_ block: [UInt8], literals count: Int) {
      self.init(block + Array(repeating: 0x7a, count: count), String(repeating: "z", count: count))
    }

    var testDescription: String {
      block.prefix(16).map { String($0, radix: 16) }.joined(separator: " ")
    }
  }

  static let starts: [Vector] = [
    Vector([], ""),
    Vector([18, 0x61], "a"),
    Vector([20, 0x61, 0x62, 0x63], "abc"),
    Vector(abcd, "abcd"),
    Vector([22, 0x61, 0x62, 0x63, 0x64, 0x65], "abcde"),
    Vector([255], literals: 238),
    // 0000LLLL, no literal before it: 3 + L, or 18 and what bytes add.
    Vector([0x01, 0x61, 0x62, 0x63, 0x64], "abcd"),
    Vector([0x0f], literals: 18),
    Vector([0x00, 0x01], literals: 19),
    Vector([0x00, 0x00, 0x02], literals: 275),
  ]

  static let matches: [Vector] = [
    // 01LDDDSS H: 3 + L from H * 8 + D + 1.
    Vector(abcd: [0x4c, 0], "abc"),
    Vector(abcd: [0x6c, 0], "abcd"),
    // 1LLDDDSS H: 5 to 8.
    Vector(abcd: [0x8c, 0], "abcda"),
    Vector(abcd: [0xec, 0], "abcdabcd"),
    // … SS: literals after it.
    Vector(abcd: [0x4d, 0, 0x21], "abc!"),
    Vector(abcd: [0x4f, 0, 0x21, 0x3f, 0x2e], "abc!?."),
    // 001LLLLL D: 2 + L, or 33 and what bytes add, from D + 1.
    Vector(abcd: [0x21, 0x0c, 0], "abc"),
    Vector(abcd: [0x3f, 0x00, 0], String(repeating: "d", count: 33)),
    Vector(abcd: [0x20, 0x01, 0x00, 0], String(repeating: "d", count: 34)),
    Vector(abcd: [0x20, 0x00, 0x01, 0x04, 0], String(repeating: "cd", count: 144) + "c"),
    Vector(abcd: [0x21, 0x0d, 0, 0x21], "abc!"),
    // 0000DDSS H after 1 to 3 literals: 2 from H * 4 + D + 1.
    Vector(abcd: [0x4d, 0, 0x21, 0x08, 0], "abc!bc"),
    Vector(abcd: [0x4d, 0, 0x21, 0x01, 1, 0x3f], "abc!da?"),
  ]

  @Test(arguments: starts + matches)
  func `copy literals and matches`(vector: Vector) throws {
    let block = vector.block + Self.end
    let size = vector.content.utf8.count

    #expect(try decode(block, room: size + 100) == vector.content)
    #expect(try decode(block, room: max(size, 1)) == vector.content)
  }

  @Test func `copy 3 bytes from 2 to 3 kB after 4 literals or more`() throws {
    // 18 + 8 * 255 + 200 literals; then 0000DDSS H: 3 from H * 4 + D + 2049.
    let count = 18 + 8 * 255 + 200
    let block: [UInt8] =
      [0x00] + Array(repeating: 0, count: 8) + [200] + Array("xyz".utf8)
      + Array(repeating: 0x2e, count: count - 3)
    let (high, low) = ((count - 2049) >> 2, (count - 2049) & 3)

    let text = try decode(block + [UInt8(low << 2), UInt8(high)] + Self.end, room: 4000)

    #expect(text.suffix(6) == "...xyz")
    #expect(text.utf8.count == count + 3)
  }

  @Test(arguments: [16385, 32767, 32768, 49151])
  func `copy from 16 to 48 kB`(distance: Int) throws {
    // "xyz" and zeroes by a long match of the last one, then 0001HLLL D.
    let count = distance - 4
    let zeros = count - 33
    var block: [UInt8] = [21] + Array("xyz".utf8) + [0x2e, 0x20]
    block += Array(repeating: 0, count: (zeros - 1) / 255) + [UInt8((zeros - 1) % 255 + 1), 0, 0]
    let offset = distance - 16384
    let word = (offset % 16384) << 2
    let high = UInt8((offset / 16384) << 3)
    block += [0x11 | high, UInt8(word & 0xff), UInt8(word >> 8)]

    let text = try decode(block + Self.end, room: 60_000)

    #expect(text.utf8.count == distance + 3)
    #expect(text.suffix(6) == "...xyz")
  }

  @Test(arguments: 1...20, [3, 7, 8, 9, 16, 100, 1000])
  func `repeat a pattern of any length`(distance: Int, count: Int) throws {
    let pattern = (0..<distance).map { UInt8(0x61 + $0) }
    let length = count - 2 <= 31 ? [UInt8(0x20 | (count - 2))] : long(count - 2 - 31)
    let block = [UInt8(17 + distance)] + pattern + length + [UInt8((distance - 1) << 2), 0]
    // A match after 1 to 3 literals is the same instruction.
    let expected = (0..<distance + count).map { pattern[$0 % distance] }

    for room in [distance + count, distance + count + 7, distance + count + 100] {
      #expect(try Array(decode(block + Self.end, room: room).utf8) == expected)
    }
  }

  private func long(_ rest: Int) -> [UInt8] {
    [0x20] + Array(repeating: 0, count: (rest - 1) / 255) + [UInt8((rest - 1) % 255 + 1)]
  }

  static let wrong: [(block: [UInt8], room: Int, fault: LZOFault)] = [
    (abcd + [0x4c, 1] + end, 99, .distance(12)),
    ([0x40, 0] + end, 99, .endsEarly),
    ([0x01, 1, 2, 3, 4, 0x5c, 0] + end, 99, .distance(8)),
    ([0x12, 4, 0], 99, .endsEarly),
    (abcd + [0x12, 4, 0] + end, 99, .distance(16385)),
    (abcd + end, 3, .full),
    (abcd + [0x4c, 0] + end, 6, .full),
    (abcd + [0x3f, 0x00, 0] + end, 36, .full),
    (abcd, 99, .endsEarly),
    (abcd + [0x11, 0], 99, .endsEarly),
    (abcd + [0x4c], 99, .endsEarly),
    (abcd + [0x4d, 0], 99, .endsEarly),
    (abcd + [0x20, 0, 0, 0], 99, .endsEarly),
    ([0x00, 0, 0, 0], 99, .endsEarly),
    ([30, 0x61], 99, .endsEarly),
    (abcd + end + [0], 99, .endsLate),
    ([17, 1, 18, 0x61] + end, 99, .version(1)),
  ]

  @Test(arguments: wrong)
  func `that are wrong are refused`(block: [UInt8], room: Int, fault: LZOFault) {
    #expect(throws: fault) { try decode(block, room: room) }
  }

  private func decode(_ block: [UInt8], room: Int) throws -> String {
    var bytes = Array(repeating: UInt8(ascii: "#"), count: room)
    let count = try unsafe block.withUnsafeBufferPointer { block in
      try unsafe bytes.withUnsafeMutableBufferPointer { room in
        var decoder = unsafe LZODecoder(block, into: room)
        try decoder.decode()
        return decoder.written
      }
    }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }
}
