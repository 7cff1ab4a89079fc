// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Testing

@Suite struct `Reading integers` {
  let bytes: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05]

  @Test func `follows the byte order at any alignment`() throws {
    #expect(try bytes.span.integer(UInt32.self, at: 1, .big) == 0x0203_0405)
    #expect(try bytes.span.integer(UInt32.self, at: 1, .little) == 0x0504_0302)
    #expect(try bytes.span.bigEndian(UInt16.self, at: 3) == 0x0405)
  }

  @Test(arguments: [-1, 2, 5, 6, Int.max])
  func `refuses to pass the end`(offset: Int) {
    #expect(throws: FormatError.truncated(offset: offset, size: 4)) {
      try bytes.span.bigEndian(UInt32.self, at: offset)
    }
  }

  @Test func `undoes appending`() throws {
    var written: [UInt8] = []
    written.append(bigEndian: UInt64(0x0102_0304_0506_0708))

    #expect(written == [1, 2, 3, 4, 5, 6, 7, 8])
  }

  @Test func `errors say where and what`() {
    #expect(
      FormatError.badValue(offset: 16, value: 255).description
        == "offset 0x10: the format does not allow the value 0xff")
  }
}
