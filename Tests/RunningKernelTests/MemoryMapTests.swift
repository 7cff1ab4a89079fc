// SPDX-License-Identifier: Apache-2.0

import PhysicalMemory
import RunningKernel
import Testing

@Suite struct `The text of /proc/iomem` {
  @Test(
    arguments: [
      ("00001000-0009fbff : System RAM", 0, 0x1000, 0x9fbff, "System RAM"),
      ("  40200000-4061ffff : Kernel code", 1, 0x4020_0000, 0x4061_ffff, "Kernel code"),
      ("      1-2 : deep", 3, 1, 2, "deep"),
      ("8000000000-ffffffffff : pcie", 0, 0x80_0000_0000, 0xff_ffff_ffff, "pcie"),
      ("0-ffffffffffffffff : all", 0, 0, .max, "all"),
      ("ffffffffffffffff-ffffffffffffffff : last", 0, .max, .max, "last"),
      ("5-5 : one byte", 0, 5, 5, "one byte"),
      ("1-2 : a : b", 0, 1, 2, "a : b"),
      ("1-2 : 9000000.pl011 pl011@9000000", 0, 1, 2, "9000000.pl011 pl011@9000000"),
      ("1-2 : 0000:00:01.0", 0, 1, 2, "0000:00:01.0"),
      ("1-2 :  blank first", 0, 1, 2, " blank first"),
      ("1-2 : 3-4 : x", 0, 1, 2, "3-4 : x"),
      ("1-2 : <BAD>", 0, 1, 2, "<BAD>"),
      ("1-2 : ", 0, 1, 2, ""),
      ("ABC-DEF : capital", 0, 0xabc, 0xdef, "capital"),
    ] as [(String, Int, UInt64, UInt64, String)])
  func `is read line by line`(
    line: String, level: Int, start: UInt64, lastByte: UInt64, name: String
  ) throws {
    let map = try MemoryMap(line + "\n")

    let entry = try #require(map.entries.first)
    #expect(map.entries.count == 1)
    #expect((entry.level, entry.start, entry.lastByte) == (level, start, lastByte))
    #expect(entry.name == name)
  }

  @Test(arguments: [
    "garbage", "1-2", "1-2 :", "1-2: name", "1-2 :name", "1 : name", "-2 : name", "1- : name",
    "2-1 : name", "1-g : name", "0x1-0x2 : name", "1 - 2 : name", "1-2-3 : name",
    "10000000000000000-10000000000000001 : name", "1-10000000000000000 : name",
    "\t1-2 : name", "é-é : name", ": name", " : ", "-1-2 : name", "1--2 : name",
  ])
  func `is refused with the number of a bad line`(line: String) {
    let text = "00001000-00001fff : fine\n  00001000-00001001 : fine too\n\(line)\n1-2 : fine\n"

    let error = #expect(throws: MemoryMap.BadLine.self) { try MemoryMap(text) }

    #expect(error?.number == 3)
    #expect(error?.text == line)
  }

  @Test func `counts empty lines too`() {
    let error = #expect(throws: MemoryMap.BadLine.self) {
      try MemoryMap("1-2 : fine\n\n\ngarbage\n")
    }

    #expect(error?.number == 4)
  }

  @Test(arguments: ["+1-2 : name", "1-+2 : name", "+1-+2 : name"])
  func `has no signs`(line: String) {
    #expect(throws: MemoryMap.BadLine.self) { try MemoryMap(line) }
  }

  @Test func `is quoted no further than a line of a terminal`() {
    let error = #expect(throws: MemoryMap.BadLine.self) {
      try MemoryMap(String(repeating: "x", count: 100_000))
    }

    #expect(error?.text.count == 80)
  }

  @Test(arguments: ["", "\n", "1-2 : a", "1-2 : a\n"])
  func `may end with a newline or without`(text: String) throws {
    #expect(try MemoryMap(text).entries.count == (text.contains("a") ? 1 : 0))
  }

  /// Growing as it goes would take half as much again on the way, and twice as much at worst.
  @Test(arguments: [8_500, 17_000])
  func `is given its room at once`(lineCount: Int) throws {
    let map = try MemoryMap(
      String(repeating: "00000000-00000fff : reserved\n", count: lineCount))

    #expect(map.entries.count == lineCount)
    #expect(map.entries.capacity < lineCount * 3 / 2)
  }

  @Test func `has ranges by name, from every level`() throws {
    let map = try MemoryMap(
      """
      1000-1fff : System RAM
        1000-10ff : reserved
          1000-100f : System RAM
      3000-3fff : reserved
      4000-4fff : System RAM (kmem)
      """)

    #expect(
      map.ranges(named: "System RAM").map(\.description) == ["0x1000-0x1fff", "0x1000-0x100f"])
    #expect(map.ranges(named: "reserved").map(\.description) == ["0x1000-0x10ff", "0x3000-0x3fff"])
  }

  @Test func `has the memory of the firmware once, and none of a driver`() throws {
    let map = try MemoryMap(
      """
      1000-1fff : System RAM
        1000-10ff : System RAM
          1000-100f : System RAM
        1100-11ff : Crash kernel
      2000-2fff : System RAM
      3000-5fff : CXL Window 0
        3000-3fff : System RAM
          3000-30ff : Kernel code
            3000-300f : System RAM
        4000-4fff : System RAM
        5000-5fff : dax0.0
          5000-5fff : System RAM (kmem)
      6000-6fff : System RAM (boot alias)
      7000-7fff : system ram
      """)

    #expect(
      map.systemRAM.map(\.description) == [
        "0x1000-0x1fff", "0x2000-0x2fff", "0x3000-0x3fff", "0x4000-0x4fff",
      ])
  }

  @Test func `has what is reserved in either spelling`() throws {
    let map = try MemoryMap(
      """
      0000-0fff : Reserved
      1000-1fff : System RAM
        1000-10ff : reserved
        1100-11ff : Reserved
          1180-119f : reserved
      2000-2fff : RESERVED
      3000-3fff : Reserved by somebody
      """)

    #expect(
      map.reserved.map(\.description) == [
        "0x0-0xfff", "0x1000-0x10ff", "0x1100-0x11ff", "0x1180-0x119f",
      ])
  }

  @Test(arguments: [
    ("00000000-00000000 : System RAM\n  00000000-00000000 : Kernel code\n", true),
    ("00000000-00000000 : System RAM\n00001000-00001fff : System RAM\n", false),
    ("00000000-00000fff : Reserved\n", false), ("", false),
  ])
  func `may be hidden from this process`(text: String, isHidden: Bool) throws {
    #expect(try MemoryMap(text).isHidden == isHidden)
  }

  @Test func `leaves out the last byte of all, which no range can have`() throws {
    let map = try MemoryMap("ffffffff00000000-ffffffffffffffff : System RAM")

    #expect(map.systemRAM.map(\.end) == [UInt64.max])
  }

  @Test(arguments: ["0-0 : hidden", "ffffffffffffffff-ffffffffffffffff : last byte"])
  func `has entries that are no range`(line: String) throws {
    let map = try MemoryMap(line)

    #expect(map.entries.map(\.range) == [nil])
    #expect(map.entries.flatMap { map.ranges(named: $0.name) } == [])
  }
}
