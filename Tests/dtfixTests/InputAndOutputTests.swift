// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `A tree comes from and goes to any file` {
  @Test(arguments: [
    #""$dtfix" --for-kexec "${@:2}" -i "$1""#,
    #""$dtfix" --for-kexec "${@:2}" --dtb "$1""#,
    #""$dtfix" --for-kexec "${@:2}" -i - <"$1""#,
    #""$dtfix" --for-kexec "${@:2}" -i /dev/stdin <"$1""#,
    #"cat "$1" | "$dtfix" --for-kexec "${@:2}" -i -"#,
    #"(head -c 99; sleep 0.1; cat) <"$1" | "$dtfix" --for-kexec "${@:2}" -i -"#,
    #""$dtfix" --for-kexec "${@:2}" -i <(cat "$1")"#,
    #"mkfifo "$1.pipe"; cat "$1" >"$1.pipe" & "$dtfix" --for-kexec "${@:2}" -i "$1.pipe""#,
  ])
  func `whatever is read`(script: String) throws {
    let place = try Workplace()
    try dtfix(["--for-kexec", "-i", place.board, "-o", place / "expected.dtb"] + GivenSeeds.none)

    let result = try shell(script, place.board, "--kaslr-seed", "none", "--rng-seed", "none")

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(try result.output == contents(of: place / "expected.dtb"))
  }

  @Test(arguments: [
    #""$dtfix" "${@:2}""#,
    #""$dtfix" "${@:2}" -o -"#,
    #""$dtfix" "${@:2}" | cat"#,
    #""$dtfix" "${@:2}" -o /dev/stdout"#,
    #""$dtfix" "${@:2}" -o "$1/next.dtb"; cat "$1/next.dtb""#,
    #"cd "$1"; "$dtfix" "${@:2}" -o next.dtb; cat next.dtb"#,
    #"mkfifo "$1/pipe"; cat "$1/pipe" & "$dtfix" "${@:2}" -o "$1/pipe"; wait"#,
    #""$dtfix" "${@:2}" -o >(cat); wait $!"#,
  ])
  func `whatever is written`(script: String) throws {
    let place = try Workplace()
    try dtfix(["--for-kexec", "-i", place.board, "-o", place / "expected.dtb"] + GivenSeeds.none)

    let result = try shell(
      script, place.folder.path, "--for-kexec", "-i", place.board, "--kaslr-seed", "none",
      "--rng-seed", "none")

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(try result.output == contents(of: place / "expected.dtb"))
  }

  @Test func `and nowhere, for the explanation alone`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "-o", "/dev/null")

    expectSilence(result)
    #expect(try place.names() == ["board.dtb"])
  }

  @Test(arguments: [
    #""$dtfix" --for-kexec -i - -o "$1" <"$1""#,
    #""$dtfix" --for-kexec -i "$1" -o "$1""#,
    #"ln "$1" "$1.link"; "$dtfix" --for-kexec -i "$1" -o "$1.link""#,
    #""$dtfix" --for-kexec -i "$1" >>"$1""#,
    #""$dtfix" --for-kexec -i "$1" -o /dev/fd/3 3>>"$1""#,
  ])
  func `but never to the file it comes from`(script: String) throws {
    let place = try Workplace()
    let before = try contents(of: place.board)

    let result = try shell(script, place.board)

    #expect(result.status == 64)
    #expect(result.errors.contains("is also an input"))
    #expect(try contents(of: place.board) == before)
  }

  @Test(arguments: ["/dev/fd/1", "/proc/self/fd/1", "/dev/stdout", "-"])
  func `that is open already, and keeps what is there`(name: String) throws {
    let place = try Workplace()
    let script = #"""
      cd "$1"; { echo first; "$dtfix" --for-kexec -i board.dtb -o "$2"; echo last; } >>all
      "$dtfix" --for-kexec -i board.dtb -o /dev/fd/7 7>>all; "$dtfix" --for-kexec -i board.dtb -o all >>all
      """#

    let result = try shell(script, place.folder.path, name)

    #expect(result.status == 0)
    let all = try contents(of: place / "all")
    let size = try contents(of: place.board).count
    #expect(all.starts(with: "first\n".utf8))
    #expect(all.count > 3 * (size - 1000))
    #expect(all.filter { $0 == 0xd0 }.count >= 3)
  }

  @Test(arguments: ["proc/cmdline", "proc/iomem", "proc/kcore", "sys/firmware/fdt"])
  func `but never to a file of the machine`(file: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])

    let result = try dtfix(
      "--for-kexec", "--root", place / "machine", "-o", place / "machine/\(file)")

    expectRefusal(result, 64, "is also an input")
  }

  @Test func `that is a device is not its own input`() throws {
    let result = try dtfix("--for-kexec", "-i", "/dev/null", "-o", "/dev/null")

    expectRefusal(result, 65, "/dev/null")
  }

  @Test(arguments: [("random", "600"), ("none", "644")])
  func `with seeds for its owner only`(seed: String, mode: String) throws {
    let place = try Workplace()

    let result = try shell(
      #"umask 022; "$dtfix" --for-kexec -i "$1" -o "$2" --kaslr-seed $3 --rng-seed $3; stat -c %a "$2""#,
      place.board, place / "next.dtb", seed)

    #expect(result.text == mode + "\n")
  }

  @Test(arguments: [1, 7, 4096])
  func `with bytes after it that are no part of it`(byteCount: Int) throws {
    let place = try Workplace()
    try write(
      contents(of: place.board) + Array(repeating: 0xa5, count: byteCount), to: place / "long.dtb")

    let long = try dtfix(["--for-kexec", "-i", place / "long.dtb", "--explain"] + GivenSeeds.none)
    let exact = try dtfix(["--for-kexec", "-i", place.board] + GivenSeeds.none)

    #expect(long.output == exact.output)
    #expect(long.errors.contains("then \(byteCount) bytes after the end of the tree"))
  }

  @Test func `of a name that looks like an option's value`() throws {
    let place = try Workplace()

    let result = try shell(
      #"cd "$1"; cp board.dtb 'a b:c=d.dtb'; "$dtfix" --for-kexec -i 'a b:c=d.dtb' -o './-x y'"#,
      place.folder.path)

    expectSilence(result)
    #expect(try place.names() == ["-x y", "a b:c=d.dtb", "board.dtb"])
  }
}
