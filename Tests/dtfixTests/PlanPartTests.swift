// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct `What else a plan takes` {
  /// The list is the kernel's own (`security/integrity/ima/ima_fs.c:ima_measurements_show`), the buffer has
  /// the header of `ima_kexec.c` in front of it.
  @Test func `are IMA's measurements, from a list or a buffer`() throws {
    let place = try PartPlace()

    let fromList = try place.plan("--for-kexec", "--ima-list", place.list, "-o", place / "a")
    let fromBuffer = try place.plan("--for-kexec", "--ima-list", place.buffer, "-o", place / "b")

    expectSilence(fromList)
    expectSilence(fromBuffer)
    for name in ["a", "b"] {
      #expect(try contents(of: place / "\(name)/ima.bin") == contents(of: place.buffer))
      let manifest = try String(decoding: contents(of: place / "\(name)/manifest"), as: UTF8.self)
      let words = try #require(
        manifest.split(separator: "\n").first { $0.hasPrefix("segment ima ") }
      )
      .split(separator: " ")
      let told = try run(
        "fdtget", ["-t", "x", place / "\(name)/dtb.bin", "/chosen", "linux,ima-kexec-buffer"])
      #expect(told.text == "0 \(words[2].dropFirst(2)) 0 \(words[3].dropFirst(2))\n")
      let check = try dtfix("check", "--root", capturedMachine, place / name)
      #expect(check.status == 0 && check.errors == "")
      #expect(check.text.contains("measurements: 0x"))
    }
  }

  @Test func `are those of the machine`() throws {
    let place = try PartPlace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try run("mkdir", ["-p", place / "machine/sys/kernel/security/ima"])
    try run(
      "cp", [place.list, place / "machine/sys/kernel/security/ima/binary_runtime_measurements"])

    let result = try dtfix(
      "plan", "--for-kexec", "--root", place / "machine", "--kernel", place / "Image", "--ima",
      "--explain", "-o", place / "plan")

    #expect(result.status == 0, "\(result.errors)")
    #expect(try contents(of: place / "plan/ima.bin") == contents(of: place.buffer))
    #expect(result.errors.contains("will not match PCR 10"))
  }

  @Test func `are bytes of one's own`() throws {
    let place = try PartPlace()

    let result = try place.plan(
      "--for-crash", "--extra", "acme,log=" + place.list, "--extra", "acme,b=" + place.buffer, "-o",
      place / "plan")

    expectSilence(result)
    #expect(try contents(of: place / "plan/extra.bin") == contents(of: place.list))
    #expect(try contents(of: place / "plan/extra-1.bin") == contents(of: place.buffer))
    let told = try run("fdtget", ["-t", "x", place / "plan/dtb.bin", "/chosen", "acme,log"])
    let size = try contents(of: place.list).count
    #expect(told.text.hasSuffix(" 0 \(String(size, radix: 16))\n"))
  }

  /// The kernel's own header of that very boot.
  @Test func `is a core header`() throws {
    let place = try PartPlace()
    let header = capturedMachine + "/oracle/kernel-elfcorehdr.bin"

    let result = try place.plan("--for-crash", "--elfcorehdr", header, "-o", place / "plan")

    expectSilence(result)
    #expect(try contents(of: place / "plan/elfcorehdr.bin") == contents(of: header))
  }

  @Test(
    arguments: [
      (["--for-kexec", "--ima"], 69, "the kernel measures nothing"),
      (["--for-kexec", "--ima", "--ima-list", "list"], 64, "exclude each other"),
      (["--for-crash", "--ima-list", "list"], 64, "are for --for-kexec"),
      (["--for-kexec", "--ima-list", "none"], 66, "none: no such file"),
      (["--for-kexec", "--ima-list", "Image"], 65, "Image: "),
      (["--for-kexec", "--ima-list", "cut"], 65, "cut: "),
      (["--for-kexec", "--ima-list", "cutbuffer"], 65, "cutbuffer: "),
      (["--for-kexec", "--elfcorehdr", "list"], 64, "--elfcorehdr is for --for-crash"),
      (["--for-crash", "--elfcorehdr", "list"], 65, "the given elfcorehdr"),
      (["--for-kexec", "--extra", "acme,log"], 64, "an extra is NAME=FILE"),
      (["--for-kexec", "--extra", "acme,log="], 64, "an extra is NAME=FILE"),
      (["--for-kexec", "--extra", "acme,log=none"], 66, "none: no such file"),
      (["--for-kexec", "--extra", "bootargs=list"], 64, "--extra: the extra bootargs"),
      (["--for-kexec", "--extra", "a=list", "--extra", "a=cut"], 64, "two extra"),
      (["--for-kexec", "--extra", "acme,tree=tree"], 65, "begins like a device tree"),
    ] as [([String], Int32, String)])
  func `is refused in one line`(options: [String], status: Int32, text: String) throws {
    let place = try PartPlace()
    try write(Array(contents(of: place.list).dropLast()), to: place / "cut")
    try write(Array(contents(of: place.buffer).dropLast()), to: place / "cutbuffer")
    try write(Fixtures.blob("qemu-arm64-virt"), to: place / "tree")

    let result = try run(
      dtfixPath, ["plan", "--root", capturedMachine, "--kernel", "Image"] + options,
      in: place.folder.path)

    expectRefusal(result, status, text)
  }
}

/// A kernel, and two measurements in both forms.
private struct PartPlace {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try write(KernelBuilder.arm64Image(size: 30_000, imageSize: 0x20_0000), to: folder / "Image")
    let entries = ["boot_aggregate", "/usr/bin/init"].flatMap(Self.entry)
    try write(entries, to: list)
    let header = [1, 0] + Self.word(0) + [0, 0] + Self.word(24 + entries.count) + Self.word(0)
    try write(header + Self.word(2) + Self.word(0) + entries, to: buffer)
  }

  var list: String { folder / "list" }
  var buffer: String { folder / "buffer" }

  static func / (place: PartPlace, name: String) -> String { place.folder / name }

  @discardableResult
  func plan(_ options: String...) throws -> ToolResult {
    try dtfix(
      ["plan", "--root", capturedMachine, "--kernel", self / "Image"] + options)
  }

  /// PCR 10, a digest, `ima-ng`, and its fields: the digest of a file, and its name.
  private static func entry(_ file: String) -> [UInt8] {
    let digest = Array("sha256:\0".utf8) + [UInt8](repeating: 0x22, count: 32)
    let name = Array(file.utf8) + [0]
    let data = word(digest.count) + digest + word(name.count) + name
    return word(10) + [UInt8](repeating: 0x11, count: 20) + word(6) + Array("ima-ng".utf8)
      + word(data.count) + data
  }

  private static func word(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(number >> (8 * $0) & 0xff) }
  }
}
