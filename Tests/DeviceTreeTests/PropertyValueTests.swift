// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Testing

@Suite struct `A value` {
  @Test func `is written as the specification has it`() {
    #expect(PropertyValue.empty.bytes == [])
    #expect(PropertyValue.u32(0x0102_0304).bytes == [1, 2, 3, 4])
    #expect(PropertyValue.u64(0x0102_0304_0506_0708).bytes == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(PropertyValue.cells([1, 0xfffe_0000]).bytes == [0, 0, 0, 1, 0xff, 0xfe, 0, 0])
    #expect(PropertyValue.string("ab").bytes == [0x61, 0x62, 0])
    #expect(PropertyValue.string("").bytes == [0])
    #expect(PropertyValue.strings(["a", "", "b"]).bytes == [0x61, 0, 0, 0x62, 0])
    #expect(PropertyValue.strings([]) == .empty)
    #expect(PropertyValue.cells([]) == .empty)
  }

  @Test(arguments: 0...12)
  func `is a number only in 4 or 8 bytes`(byteCount: Int) {
    let value = PropertyValue(bytes: Array(repeating: 0x12, count: byteCount))

    #expect(value.u32 == (byteCount == 4 ? 0x1212_1212 : nil))
    #expect(value.u64 == (byteCount == 8 ? 0x1212_1212_1212_1212 : nil))
    #expect(value.number == value.u32.map(UInt64.init) ?? value.u64)
    #expect((value.number != nil) == (byteCount == 4 || byteCount == 8))
    #expect(value.phandle == value.u32)
  }

  @Test(arguments: 0...12)
  func `is cells only in a multiple of 4 bytes`(byteCount: Int) {
    let value = PropertyValue(bytes: (0..<UInt8(byteCount)).map { $0 })

    let all: [UInt32] = [0x0001_0203, 0x0405_0607, 0x0809_0a0b]
    #expect(value.cells == (byteCount % 4 == 0 ? Array(all.prefix(byteCount / 4)) : nil))
  }

  @Test(
    arguments: [
      ([], nil), ([0x61], nil), ([0x61, 0, 0x62], nil), ([0], [""]), ([0, 0], ["", ""]),
      ([0x61, 0], ["a"]), ([0x61, 0, 0x62, 0], ["a", "b"]),
      ([0x61, 0, 0, 0x62, 0], ["a", "", "b"]),
      ([0, 0x61, 0], ["", "a"]), ([0xc3, 0xa4, 0], ["ä"]),
    ] as [([UInt8], [String]?)])
  func `is strings when the last one ends`(bytes: [UInt8], strings: [String]?) {
    let value = PropertyValue(bytes: bytes)

    #expect(value.strings == strings)
    #expect(value.string == (strings?.count == 1 ? strings?.first : nil))
  }

  @Test(
    arguments: [(0, nil), (1, 1), (0xffff_fffe, 0xffff_fffe), (0xffff_ffff, nil)]
      as [(UInt32, UInt32?)])
  func `is a phandle unless it is reserved`(number: UInt32, phandle: UInt32?) {
    #expect(PropertyValue.u32(number).phandle == phandle)
    #expect(PropertyValue.u64(UInt64(number)).phandle == nil)
    #expect(PropertyValue.empty.phandle == nil)
  }
}
