// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct `The README` {
  static let text =
    (try? String(contentsOfFile: Fixtures.package + "/README.md", encoding: .utf8)) ?? ""

  /// Every `console` block, run line by line in a folder with `dts/` and a kernel in it.
  @Test func `shows what really happens`() throws {
    let blocks = Self.blocks(of: "console")
    #expect(blocks.count == 5)
    let folder = try TemporaryFolder()
    try FileManager.default.createSymbolicLink(
      atPath: folder / "dts", withDestinationPath: Fixtures.package + "/dts")
    let kernel = KernelBuilder.arm64Image(size: 30_000, imageSize: 0x2_0000)
    let payload = try run("zstd", ["-c"], input: kernel).output
    try write(
      KernelBuilder.zboot("zstd", payload: payload, size: 30_000), to: folder / "vmlinuz.efi")

    for block in blocks {
      for step in block.components(separatedBy: "$ ").dropFirst() {
        let command = step.prefix { $0 != "\n" }
        let shown = step.dropFirst(command.count + 1)
        let path = URL(fileURLWithPath: dtfixPath).deletingLastPathComponent().path
        let result = try run(
          "bash", ["-c", "PATH=\(path):$PATH; \(command)"], in: folder.path)
        #expect(result.text + result.errors == String(shown), "\(command)")
      }
    }
  }

  @Test func `has Swift that is a part of the example`() throws {
    let example = try String(
      contentsOfFile: Fixtures.package + "/Examples/PatchTree/main.swift", encoding: .utf8)

    let block = try #require(Self.blocks(of: "swift").first)

    #expect(example.contains("// README\n" + block + "// README\n"))
  }

  @Test func `has an example that runs`() throws {
    let folder = try TemporaryFolder()
    try write(Fixtures.blob("board"), to: folder / "old.dtb")

    let result = try run(programs + "/patch-tree", [folder / "old.dtb", folder / "new.dtb"])

    #expect(result.status == 0, "\(result.text)")
    #expect(result.text.contains("the initrd, to its exact size"))
    #expect(
      try run("fdtget", [folder / "new.dtb", "/chosen", "bootargs"]).text
        == "console=ttyS0 root=/dev/ram0\n")
  }

  /// The fenced blocks of a language, without their fences.
  private static func blocks(of language: String) -> [String] {
    text.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
      $0.components(separatedBy: "```").first
    }
  }
}
