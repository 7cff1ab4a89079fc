// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct `A result file` {
  @Test(arguments: [
    [], ["--rng-seed", "none"], ["--kaslr-seed", "none"], GivenSeeds.options,
  ])
  func `is its owner's alone when it has seeds`(seeds: [String]) throws {
    let place = try Workplace()
    try write([], to: place / "old.dtb")
    try setMode(0o666, of: place / "old.dtb")

    let script = #"umask 000; "$dtfix" --for-kexec -i "$1" -o "$2" "${@:3}""#
    try shell(script, [place.board, place / "new.dtb"] + seeds)
    try shell(script, [place.board, place / "old.dtb"] + seeds)

    #expect(try mode(of: place / "new.dtb") == 0o600)
    #expect(try mode(of: place / "old.dtb") == 0o600)
  }

  @Test(arguments: [("000", 0o666), ("022", 0o644), ("027", 0o640), ("077", 0o600)])
  func `obeys the umask when it has none`(umask: String, expected: Int) throws {
    let place = try Workplace()

    try shell(
      #"umask "$1"; "$dtfix" --for-kexec -i "$2" -o "$3" "${@:4}""#,
      [umask, place.board, place / "next.dtb"] + GivenSeeds.none)

    #expect(try mode(of: place / "next.dtb") == expected)
  }

  @Test func `takes the place of the old one at once`() throws {
    let place = try Workplace()
    try write(Array("old".utf8), to: place / "next.dtb")
    try run("ln", [place / "next.dtb", place / "what-a-reader-holds"])

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", place / "next.dtb")

    expectSilence(result)
    #expect(try contents(of: place / "what-a-reader-holds") == Array("old".utf8))
    #expect(try inode(of: place / "next.dtb") != inode(of: place / "what-a-reader-holds"))
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,booted-from-kexec") == "")
    #expect(try place.names() == ["board.dtb", "next.dtb", "what-a-reader-holds"])
  }

  @Test(arguments: ["target.dtb", "./target.dtb", "deep/../target.dtb", "deep/chain"])
  func `is found through a link that stays one`(target: String) throws {
    let place = try Workplace()
    try write(Array("old".utf8), to: place / "target.dtb")
    try shell(#"cd "$1"; mkdir deep; ln -s ../target.dtb deep/chain"#, place.folder.path)
    try FileManager.default.createSymbolicLink(
      atPath: place / "link.dtb", withDestinationPath: target)

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", place / "link.dtb")

    expectSilence(result)
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: place / "link.dtb") == target)
    #expect(try fdtget(place / "target.dtb", "/chosen", "linux,booted-from-kexec") == "")
    #expect(try place.names() == ["board.dtb", "deep", "link.dtb", "target.dtb"])
  }

  @Test(arguments: ["new.dtb", "folder/new.dtb", "missing/new.dtb", "link.dtb"])
  func `never takes the place of a link that leads nowhere`(target: String) throws {
    let place = try Workplace()
    try run("mkdir", [place / "folder"])
    try FileManager.default.createSymbolicLink(
      atPath: place / "link.dtb", withDestinationPath: target)

    try dtfix("--for-kexec", "-i", place.board, "-o", place / "link.dtb")

    let lead = try? FileManager.default.destinationOfSymbolicLink(atPath: place / "link.dtb")
    #expect(lead == target)
  }

  @Test func `is the old one when the new one cannot be written whole`() throws {
    let place = try Workplace()
    try write(Array("old".utf8), to: place / "next.dtb")
    let before = try place.files()

    let result = try shell(
      #"trap '' XFSZ; ulimit -f 1; exec "$dtfix" --for-kexec -i "$1" -o "$2""#, place.board,
      place / "next.dtb")

    expectRefusal(result, 74, place / "next.dtb", "File too large")
    #expect(try place.files() == before)
  }

  @Test func `leaves nothing behind where files may not grow`() throws {
    let place = try Workplace()
    let before = try place.files()

    let result = try shell(
      #"ulimit -f 1; env --default-signal=XFSZ "$dtfix" --for-kexec -i "$1" -o "$2""#, place.board,
      place / "next.dtb")

    #expect(result.status != 0)
    #expect(try place.files() == before)
  }

  @Test(arguments: [200, 255])
  func `may have a name as long as names can be`(length: Int) throws {
    let place = try Workplace()
    let name = String(repeating: "n", count: length)

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", place / name)

    expectSilence(result)
    #expect(try place.names() == ["board.dtb", name])
  }

  @Test func `is not kept out by what a killed run left`() throws {
    let place = try Workplace()

    // In a container or an initramfs, every run may have the same process id.
    let result = try shell(
      #": >"$2.$$.tmp"; exec "$dtfix" --for-kexec -i "$1" -o "$2""#, place.board,
      place / "next.dtb")

    expectSilence(result)
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,booted-from-kexec") == "")
  }

  @Test(arguments: [
    ["--arch", "x86_64"], ["--initrd-at", "0+4096"], ["--delete", "/nowhere"],
    ["--overlay", "/nowhere"], ["--kaslr-seed", "0"], ["--root", "/nowhere"],
  ])
  func `is the old one when there is no tree to write`(arguments: [String]) throws {
    let place = try Workplace()
    try write(Array("old".utf8), to: place / "next.dtb")
    let before = try place.files()

    let result = try dtfix(
      ["--for-kexec", "-i", place.board, "-o", place / "next.dtb"] + arguments)

    #expect(64...78 ~= result.status)
    #expect(try place.files() == before)
  }
}

private func setMode(_ mode: Int, of path: String) throws {
  try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}

private func mode(of path: String) throws -> Int? {
  try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
}

private func inode(of path: String) throws -> Int? {
  try FileManager.default.attributesOfItem(atPath: path)[.systemFileNumber] as? Int
}
