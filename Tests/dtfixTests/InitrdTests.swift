// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The place of the initrd` {
  @Test(arguments: ["0+4096", "0x0+1M", "4K@0", "0-0xfff"])
  func `is not address 0`(range: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--initrd-at", range, "-o", place / "next.dtb")

    expectRefusal(result, 64, "--initrd-at", "address 0")
    #expect(try place.names() == ["board.dtb"])
  }

  /// RAM of this machine is 0x40000000-0x9fffffff.
  @Test(arguments: [
    "0x9000000+0x1000", "0x3ffff000+0x1000", "0x3ffff000+0x2000", "0x9ffff000+0x1001",
    "0xa0000000+0x1000", "0x40000000+0x60000001", "0x1000-0x200000000",
  ])
  func `is in the machine's RAM`(range: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "--root", capturedMachine, "--initrd-at", range, "-o", place / "next.dtb")

    expectRefusal(result, 64, "--initrd-at", "System RAM", "/proc/iomem")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test(arguments: ["0x40000000+0x1000", "0x9ffff000+0x1000", "0x40000000+0x60000000"])
  func `may be anywhere in it`(range: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "--root", capturedMachine, "--initrd-at", range, "-o", place / "next.dtb")

    expectSilence(result)
  }

  @Test func `is anywhere when only a tree is given`() throws {
    let place = try Workplace("qemu-arm64-virt")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--initrd-at", "0x1000+0x1000", "-o", place / "next.dtb")

    expectSilence(result)
  }

  @Test(arguments: [
    #"sed -i -E 's/[0-9a-f]+-[0-9a-f]+ :/00000000-00000000 :/' "$1""#,
    #"rm "$1""#,
    #"sed -i '/System RAM/d' "$1""#,
    #": >"$1""#,
  ])
  func `is not judged by a map that tells nothing`(script: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell(script, place / "machine/proc/iomem")

    let result = try dtfix(
      "--for-kexec", "--root", place / "machine", "--initrd-at", "0x9000000+0x1000", "-o",
      place / "next.dtb")

    expectSilence(result)
  }

  @Test(arguments: [
    ("0x80008000+0x1000", "0x80000000-0x8000ffff"), ("0x7ffff000+0x1001", "0x80000000-0x8000ffff"),
    ("0xbfeff000+0x801", "0xbfeff800-0xbff0023f"),
    ("0xbe001000+0x1000", "/reserved-memory/secure-firmware@be000000"),
    ("0xbdfff000+0x1001", "/reserved-memory/secure-firmware@be000000"),
    ("0xa0000000+4K", "/reserved-memory/linux,cma@a0000000"),
  ])
  func `is not what firmware keeps`(range: String, whose: String) throws {
    let place = try Workplace("reserved-memory")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--initrd-at", range, "-o", place / "next.dtb")

    expectRefusal(result, 64, "--initrd-at: ", whose, "is in reserved memory")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test(arguments: [
    (["--initrd-at", "0x80000000+0x10000"], "is in reserved memory"),
    (
      ["--initrd-at", "0x80008000+0x1000", "--reserve", "0x80000000+0x10000"],
      "overlaps the requested reservation"
    ),
  ])
  func `is not exactly what firmware keeps`(arguments: [String], why: String) throws {
    let place = try Workplace("reserved-memory")

    let result = try dtfix(
      ["--for-kexec", "-i", place.board, "-o", place / "next.dtb"] + arguments)

    expectRefusal(result, 64, "--initrd-at: ", "0x80000000-0x8000ffff", why)
    #expect(try place.names() == ["board.dtb"])
  }

  @Test(arguments: ["0x80010000+0x1000", "0x7ffff000+0x1000", "0xbdfff000+0x1000", "0xa8000000+4K"])
  func `may touch it`(range: String) throws {
    let place = try Workplace("reserved-memory")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--initrd-at", range, "-o", place / "next.dtb")

    expectSilence(result)
  }

  @Test func `may be where the last one was`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "--root", capturedMachine, "--initrd-at", "0x48000000+0x1000", "-o",
      place / "next.dtb")

    expectSilence(result)
    #expect(try reservations(of: place / "next.dtb") == ["0x0000000048000000 0x0000000000001000"])
  }

  @Test func `is nowhere when there is none`() throws {
    let place = try Workplace("qemu-arm64-virt")

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place.board, "/chosen", "linux,initrd-start", as: "x") == "48000000")
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,initrd-start", as: "x") == nil)
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,initrd-end", as: "x") == nil)
  }
}
