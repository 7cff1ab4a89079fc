// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `Seeds are told to nobody` {
  @Test(arguments: [
    ["--for-kexec", "-i", "seeded.dtb", "--explain", "--json"] + GivenSeeds.options,
    ["--for-kexec", "-i", "board.dtb", "--explain", "--json"] + GivenSeeds.options,
    ["--for-kexec", "-i", "seeded.dtb", "--explain", "--json"] + GivenSeeds.none,
    [
      "--for-kexec", "-i", "seeded.dtb", "--explain", "--json", "--delete", "/chosen:kaslr-seed",
      "--delete", "/chosen:rng-seed",
    ],
    [
      "--for-kexec", "-i", "board.dtb", "--explain", "--json", "--set",
      "/chosen:kaslr-seed=<0x11223344 0x55667788>", "--set",
      "/chosen:rng-seed=[c0 ff ee 00 de ad be ef]",
    ],
    ["--for-kexec", "-i", "seeded.dtb", "--explain", "--json", "--initrd-at", "0+1"],
    ["show", "seeded.dtb"], ["show", "--sort", "seeded.dtb"], ["show", "--json", "seeded.dtb"],
    ["diff", "board.dtb", "seeded.dtb"], ["diff", "seeded.dtb", "board.dtb"],
    ["diff", "--json", "seeded.dtb", "board.dtb"], ["diff", "seeded.dtb", "otherwise.dtb"],
    ["diff", "--json", "seeded.dtb", "otherwise.dtb"],
    ["diff", "--follow-phandles", "otherwise.dtb", "seeded.dtb"],
  ])
  func `by any command`(arguments: [String]) throws {
    let place = try seededPlace()

    let result = try run(dtfixPath, arguments, in: place.folder.path)

    #expect(result.output.count + result.errors.utf8.count > 0)
    #expect(forms.filter { result.says($0) } == [])
  }

  @Test func `but show --secrets`() throws {
    let place = try seededPlace()

    let result = try dtfix("show", "--secrets", place / "seeded.dtb")

    #expect(result.text.contains("kaslr-seed = <0x11223344 0x55667788>;"))
    #expect(result.text.contains("rng-seed = <0xc0ffee00 0xdeadbeef>;"))
  }

  @Test(arguments: [
    ["--kaslr-seed", "0x1122334455667788x"], ["--kaslr-seed=0x11223344556677889"],
    ["--kaslr-seed", "1122334455667788"], ["--rng-seed", "c0ffee00deadbeefx"],
    ["--rng-seed=c0ffee00deadbee"], ["--rng-sed=c0ffee00deadbeef"],
    ["--kaslr-seed", "0x1122334455667788", "--nonsense"],
  ])
  func `even when they are refused`(arguments: [String]) throws {
    let result = try dtfix(["--for-kexec"] + arguments)

    expectUsageError(result)
    #expect(forms.filter { result.says($0) } == [])
  }

  @Test(arguments: [["show"], ["show", "--json"], ["show", "--sort"]])
  func `when they look like text`(command: [String]) throws {
    let place = try Workplace()
    let text = "7365637265742100"  // "secret!" and its NUL
    try dtfix("--for-kexec", "-i", place.board, "--rng-seed", text, "-o", place / "seeded.dtb")

    let result = try dtfix(command + [place / "seeded.dtb"])

    #expect(result.text.contains("rng-seed"))
    #expect(!result.text.contains("secret!"))
    #expect(!result.text.contains("73 65 63"))
  }

  @Test func `and a used one is no secret`() throws {
    let place = try Workplace("qemu-arm64-virt")

    let result = try dtfix("show", place.board)

    #expect(result.text.contains("kaslr-seed = <0x0 0x0>;"))
  }
}

/// `board.dtb`, the same with the given seeds in `seeded.dtb`, with others in `otherwise.dtb`.
private func seededPlace() throws -> Workplace {
  let place = try Workplace()
  try dtfix(
    ["--for-kexec", "-i", place.board, "-o", place / "seeded.dtb"] + GivenSeeds.options)
  try dtfix("--for-kexec", "-i", place.board, "-o", place / "otherwise.dtb")
  return place
}

/// The given seeds in every form that a program could print them in: hexadecimal, bytes, cells,
/// decimal cells, decimal.
private let forms: [[UInt8]] =
  [
    "1122334455667788", "11 22 33 44", "0x11223344", "55667788", "287454020", "1432778632",
    "1234605616436508552", "11223344 55667788", "c0ffee00deadbeef", "c0 ff ee", "c0ffee",
    "deadbeef", "3237998080", "3735928559", "wP/uAN6tvu8", "ESIzRFVmd4g",
  ].map { Array($0.utf8) } + [
    [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88],
    [0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
    [0xc0, 0xff, 0xee, 0x00, 0xde, 0xad, 0xbe, 0xef],
  ]

extension ToolResult {
  /// Whether the bytes are in either output, in capital or small letters.
  fileprivate func says(_ form: [UInt8]) -> Bool {
    [output, Array(errors.utf8)].contains { text in
      let lower = text.map { 0x41...0x5a ~= $0 ? $0 | 0x20 : $0 }
      let needle = form.map { 0x41...0x5a ~= $0 ? $0 | 0x20 : $0 }
      return lower.indices.contains { lower[$0...].starts(with: needle) }
    }
  }
}
