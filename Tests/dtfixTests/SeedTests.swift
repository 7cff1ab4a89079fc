// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The seed of the kernel's place` {
  @Test(arguments: [
    ("0x1122334455667788", "11223344 55667788"), ("0x1", "0 1"), ("0xABC", "0 abc"),
    ("0xffffffffffffffff", "ffffffff ffffffff"), ("0x00000000000000001", "0 1"),
  ])
  func `can be given`(text: String, cells: String) throws {
    let next = try tree("--kaslr-seed", text)

    #expect(try fdtget(next.board, "/chosen", "kaslr-seed", as: "x") == cells)
  }

  @Test(arguments: [[], ["--kaslr-seed", "random"]])
  func `is random by default`(arguments: [String]) throws {
    let (one, other) = (try tree(arguments), try tree(arguments))

    let seed = try #require(try fdtget(one.board, "/chosen", "kaslr-seed", as: "bx"))
    #expect(seed.split(separator: " ").count == 8)
    #expect(try seed != fdtget(other.board, "/chosen", "kaslr-seed", as: "bx"))
  }

  @Test func `can be left out`() throws {
    let next = try tree("--kaslr-seed", "none")

    #expect(try fdtget(next.board, "/chosen", "kaslr-seed", as: "bx") == nil)
    #expect(try fdtget(next.board, "/chosen", "rng-seed", as: "bx") != nil)
  }

  @Test(arguments: [
    "0", "0x0", "0x0000000000000000", "1122", "0x", "0xzz", "0x11223344556677889", "-0x1", "0x-1",
    "0x 1", "RANDOM", "None", "true", "1e3", "0x1.8p1",
  ])
  func `is nothing else`(text: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--kaslr-seed=\(text)", "-o", place / "next.dtb")

    expectUsageError(result, "--kaslr-seed")
    #expect(try place.names() == ["board.dtb"])
  }
}

@Suite struct `The seed of the random number generator` {
  @Test(arguments: [
    ("c0ffee", "c0 ff ee"), ("00", "0"), ("C0 FF ee", "c0 ff ee"), ("0011223344", "0 11 22 33 44"),
  ])
  func `can be given`(text: String, bytes: String) throws {
    let next = try tree("--rng-seed", text)

    #expect(try fdtget(next.board, "/chosen", "rng-seed", as: "bx") == bytes)
  }

  @Test(arguments: [[], ["--rng-seed", "random"]])
  func `is random by default`(arguments: [String]) throws {
    let (one, other) = (try tree(arguments), try tree(arguments))

    let seed = try #require(try fdtget(one.board, "/chosen", "rng-seed", as: "bx"))
    #expect(seed.split(separator: " ").count == 128)
    #expect(try seed != fdtget(other.board, "/chosen", "rng-seed", as: "bx"))
  }

  @Test func `can be left out`() throws {
    let next = try tree("--rng-seed", "none")

    #expect(try fdtget(next.board, "/chosen", "rng-seed", as: "bx") == nil)
    #expect(try fdtget(next.board, "/chosen", "kaslr-seed", as: "bx") != nil)
  }

  @Test(arguments: ["", " ", "0", "abc", "zz", "0x00", "c0,ff", "RANDOM", "c 0f f"])
  func `is nothing else`(text: String) throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--rng-seed", text, "-o", place / "next.dtb")

    expectUsageError(result, "--rng-seed")
    #expect(try place.names() == ["board.dtb"])
  }
}

@Suite struct `A number of a seed` {
  @Test(arguments: [
    ["--kaslr-seed", "0x+1"], ["--rng-seed", "\u{ff21}\u{ff21}"], ["--rng-seed", "\u{ff11}1"],
  ])
  func `has hexadecimal digits and nothing else`(arguments: [String]) throws {
    let place = try Workplace()

    let result = try dtfix(["--for-kexec", "-i", place.board] + arguments)

    expectUsageError(result, arguments[0])
  }
}

@Suite struct `Seeds of the tree that is read` {
  @Test(arguments: ["kaslr-seed", "rng-seed"])
  func `go when there are to be none`(name: String) throws {
    let seeded = try tree(GivenSeeds.options)

    let result = try dtfix(
      ["--for-kexec", "-i", seeded.board, "-o", seeded / "next.dtb"] + GivenSeeds.none)

    expectSilence(result)
    #expect(try fdtget(seeded / "next.dtb", "/chosen", name, as: "bx") == nil)
  }

  @Test(arguments: ["kaslr-seed", "rng-seed"])
  func `are never used twice`(name: String) throws {
    let seeded = try tree(GivenSeeds.options)

    try dtfix("--for-kexec", "-i", seeded.board, "-o", seeded / "next.dtb")

    let old = try #require(try fdtget(seeded.board, "/chosen", name, as: "bx"))
    #expect(try fdtget(seeded / "next.dtb", "/chosen", name, as: "bx")?.contains(old) == false)
  }
}

/// A place whose tree was made from the board's with these options.
private func tree(_ options: String...) throws -> Workplace { try tree(options) }

private func tree(_ options: [String]) throws -> Workplace {
  let place = try Workplace()
  let result = try dtfix(["--for-kexec", "-i", place.board] + options)
  #expect(result.status == 0, "\(result.errors)")
  return try Workplace(blob: result.output)
}
