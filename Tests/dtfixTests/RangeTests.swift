// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A range on the command line` {
  @Test(arguments: [
    "0x90000000+0x1234", "0x90000000-0x90001233", "0x1234@0x90000000", "2415919104+4660",
    "2415919104-2415923763", "4660@2415919104", "0X90000000+0x1234", "0x90000000+4660",
  ])
  func `is written in three forms`(range: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--initrd-at", range, "-o", place / "next.dtb")

    expectSilence(result)
    let next = place / "next.dtb"
    #expect(try fdtget(next, "/chosen", "linux,initrd-start", as: "x") == "0 90000000")
    #expect(try fdtget(next, "/chosen", "linux,initrd-end", as: "x") == "0 90001234")
    #expect(try reservations(of: next).last == "0x0000000090000000 0x0000000000001234")
  }

  @Test(arguments: [
    ("0x91000000+4K", "0x0000000000001000"), ("64k@0x91000000", "0x0000000000010000"),
    ("0x91000000+0x2M", "0x0000000000200000"), ("1G@0x91000000", "0x0000000040000000"),
  ])
  func `may have a size in K, M or G`(range: String, size: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--reserve", range, "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try reservations(of: place / "next.dtb").last == "0x0000000091000000 " + size)
  }

  @Test(
    arguments: ["--initrd-at", "--reserve"],
    [
      "", "0x1000", "0x1000+", "+0x1000", "0x1000+0", "0@0x1000", "0x1000-0xfff", "1T@0x1000",
      "0x1000+-1", "-1+5", "0x1000+0x", "0x1000 +1", "1000h+1", "0xffffffffffffffff+1",
      "0x10000000000000000+1", "17179869184G@1", "0x1000+1+1", "0x1000..0x2000", "0x1000+1,5+1",
    ])
  func `is nothing else`(option: String, range: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "\(option)=\(range)", "-o", place / "next.dtb")

    expectUsageError(result, option)
    #expect(try place.names() == ["board.dtb"])
  }

  @Test func `must be given`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--initrd-at")

    expectUsageError(result, "--initrd-at")
  }
}

@Suite struct `Memory to leave alone` {
  @Test func `can be named many times`() throws {
    let place = try Workplace()
    let old = try reservations(of: place.board)

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--reserve", "0x92000000+4K", "--reserve", "1M@0x91000000",
      "--reserve", "0x90000000-0x90000fff", "-o", place / "next.dtb")

    expectSilence(result)
    #expect(
      try reservations(of: place / "next.dtb").suffix(3) == [
        "0x0000000092000000 0x0000000000001000", "0x0000000091000000 0x0000000000100000",
        "0x0000000090000000 0x0000000000001000",
      ])
    #expect(try reservations(of: place / "next.dtb").count <= old.count + 3)
  }

  @Test func `is listed once`() throws {
    let place = try Workplace()

    try dtfix(
      "--for-kexec", "-i", place.board, "--reserve", "0x92000000+4K", "--reserve", "4K@0x92000000",
      "-o", place / "next.dtb")

    let mine = try reservations(of: place / "next.dtb").filter { $0.contains("92000000") }
    #expect(mine == ["0x0000000092000000 0x0000000000001000"])
  }

  @Test func `takes one value each time`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--reserve", "1+1", "2+2")

    expectUsageError(result, "2+2")
  }
}
