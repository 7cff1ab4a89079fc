// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import TestSupport
import Testing

@Suite struct `A kernel's vmcoreinfo` {
  @Test(
    arguments: [
      ("48", 48), ("0", 0), ("18446744073709551615", .max), ("0x1f", 0x1f),
      ("0xffffa94940000000", 0xffff_a949_4000_0000), ("-1", .max),
      ("-18014398509481984", 0xffc0_0000_0000_0000), ("0xFF", 0xff),
    ] as [(String, UInt64)])
  func `has numbers in decimal, with a sign, and with 0x`(text: String, value: UInt64) {
    let info = VMCoreInfo("NUMBER(x)=\(text)\n")

    #expect(info.number("x") == value)
  }

  @Test(arguments: [
    "", "ff", "ffff800008000000", "0x", "0x1g", "0x-1", "-0x1", "1 ", " 1", "1.5",
    "18446744073709551616", "0x10000000000000000", "-9223372036854775809",
  ])
  func `has no number where the base is wrong or the text is none`(text: String) {
    let info = VMCoreInfo("NUMBER(x)=\(text)\n")

    #expect(info.number("x") == nil)
    #expect(info["NUMBER(x)"] == text)
  }

  @Test(
    arguments: [
      ("ffffa8cd91810000", 0xffff_a8cd_9181_0000), ("0", 0), ("10", 0x10), ("0x10", nil),
      ("-10", nil), ("+10", nil), ("ffffffffffffffff0", nil), ("", nil), ("text", nil),
    ] as [(String, UInt64?)])
  func `has symbols and the kernel's offset in hexadecimal without 0x`(
    text: String, value: UInt64?
  ) {
    let info = VMCoreInfo("SYMBOL(_stext)=\(text)\nKERNELOFFSET=\(text)\n")

    #expect(info.symbol("_stext") == value)
    #expect(info.kernelOffset == value)
  }

  @Test(
    arguments: [
      ("4096", 4096), ("65536", 65536), ("0", nil), ("4097", nil), ("0x1000", nil), ("-4096", nil),
    ] as [(String, UInt64?)])
  func `has a page size that is a power of two`(text: String, value: UInt64?) {
    #expect(VMCoreInfo("PAGESIZE=\(text)\n").pageSize == value)
  }

  @Test func `keeps the first of a doubled key`() {
    let info = VMCoreInfo("NUMBER(x)=1\nNUMBER(x)=2\nPAGESIZE=4096\nPAGESIZE=65536\n")

    #expect(info.number("x") == 1)
    #expect(info.pageSize == 4096)
  }

  @Test func `passes over lines that say nothing`() {
    let info = VMCoreInfo("\n\njunk\n=\nKEY=a=b\nNUMBER(x)=7\nlast")

    #expect(info.values == ["": "", "KEY": "a=b", "NUMBER(x)": "7"])
  }

  @Test func `does not take one kind of fact for another`() {
    let info = VMCoreInfo("SYMBOL(x)=10\nNUMBER(y)=10\n")

    #expect(info.number("x") == nil)
    #expect(info.symbol("y") == nil)
    #expect(info.kernelOffset == nil)
  }

  @Test(arguments: [
    "arm64-virt-1g-6.1", "arm64-virt-6.12-kf", "pseries-7.2-kf", "riscv64-virt-7.2-kf",
    "x86_64-q35-6.1", "x86_64-q35-la57-6.12",
  ])
  func `is found among the notes of a core`(name: String) throws {
    let folder = try Fixtures.machine(name)
    let core = try contents(of: folder + "/proc/kcore")
    let release = try String(
      decoding: contents(of: folder + "/proc/sys/kernel/osrelease"), as: UTF8.self)

    let info = try #require(try VMCoreInfo(in: ELFFile(core.span).notes(in: core.span)))

    #expect(info["OSRELEASE"].map { $0 + "\n" } == release)
    #expect(info.pageSize != nil)
    #expect(info.symbol("_stext").map { $0 > 1 << 63 } == true)
  }

  @Test func `is missing where no note has its name`() {
    #expect(VMCoreInfo(in: []) == nil)
  }
}
