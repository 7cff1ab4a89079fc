// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `What else is handed over` {
  @Test func `is described and reserved, as fdtget and dtc read it`() throws {
    let place = try Workplace("stale-handover")

    let result = try dtfix([
      "--for-kexec", "-i", place.board, "--command-line", "x", "--ima-buffer-at",
      "0x16fa00000+0x10000", "--kho-fdt", "0x120000000+0x1000", "--kho-scratch",
      "0x120010000+48", "--extra", "acme,log=0x150000000+12345", "--extra", "acme,b=1@0x160000000",
      "-o", place / "next.dtb",
    ])

    expectSilence(result)
    for (name, cells) in [
      ("linux,ima-kexec-buffer", "1 6fa00000 0 10000"), ("linux,kho-fdt", "1 20000000 0 1000"),
      ("linux,kho-scratch", "1 20010000 0 30"), ("acme,log", "1 50000000 0 3039"),
      ("acme,b", "1 60000000 0 1"),
    ] {
      let value = try run("fdtget", ["-t", "x", place / "next.dtb", "/chosen", name]).text
      #expect(value == cells + "\n", "\(name)")
    }
    #expect(
      try reservations(of: place / "next.dtb") == [
        "0x0000000040000000 0x0000000000080000", "0x000000016fa00000 0x0000000000010000",
        "0x0000000150000000 0x0000000000003039", "0x0000000160000000 0x0000000000000001",
      ])
  }

  @Test func `are keys of disks for a crash kernel, and nothing tells where they are`() throws {
    let place = try Workplace("qemu-arm64-virt")
    let arguments = [
      "--for-crash", "-i", place.board, "--usable-memory", "0x91400000+0xc000000",
      "--elfcorehdr-at", "0x9d3f0000+0x1000", "--dmcryptkeys-at", "0x92345000+780", "--explain",
      "-o", place / "crash.dtb",
    ]

    let result = try dtfix(arguments)
    let without = try dtfix(arguments + ["--rng-seed", "none"])

    let value = try run("fdtget", ["-t", "x", place / "crash.dtb", "/chosen", "linux,dmcryptkeys"])
    #expect(value.text == "0 92345000 0 30c\n")
    #expect(result.errors.contains("linux,dmcryptkeys (16 secret bytes)"))
    #expect(!result.errors.contains("92345000"))
    expectRefusal(without, 64, "--dmcryptkeys-at: the disk keys: without an rng-seed")
  }

  @Test func `shows no keys`() throws {
    let place = try Workplace("stale-handover")

    let shown = try dtfix(["show", place.board])
    let json = try dtfix(["show", place.board, "--json"])

    #expect(shown.text.contains("linux,dmcryptkeys = [ /* 16 secret bytes */ ]"))
    #expect(json.text.filter { !$0.isWhitespace }.contains(#""linux,dmcryptkeys":null"#))
  }

  @Test(arguments: [
    (["--kho-fdt", "0x120000000+0x1000"], "go together"),
    (["--kho-scratch", "0x120000000+0x30"], "go together"),
    (["--dmcryptkeys-at", "0x1000+10"], "--dmcryptkeys-at is for --for-crash"),
    (["--ima-buffer-at", "0x16fa00800+0x10000"], "--ima-buffer-at: the IMA buffer: "),
    (["--extra", "acme,log"], "an extra is NAME=RANGE"),
    (["--extra", "=0x1000+1"], "an extra is NAME=RANGE"),
    (["--extra", "acme,log=0x1000"], "a range is"),
    (["--extra", "bootargs=0x1000+1"], "--extra: the extra bootargs: "),
    (["--extra", "a b=0x1000+1"], "letters, digits"),
    (["--set", "/chosen:linux,ima-kexec-buffer=<1>"], "use --ima-buffer-at"),
    (["--set", "/chosen:linux,kho-fdt=<1>"], "use --kho-fdt"),
    (["--set", "/chosen:linux,dmcryptkeys=<1>"], "use --dmcryptkeys-at"),
  ])
  func `is refused`(options: [String], reason: String) throws {
    let place = try Workplace("stale-handover")

    let result = try dtfix(
      ["--for-kexec", "-i", place.board, "--command-line", "x", "-o", place / "next.dtb"]
        + options)

    expectRefusal(result, 64)
    #expect(result.errors.contains(reason), "\(result.errors)")
  }

  @Test(arguments: [
    ["--ima-buffer-at", "0x92000000+0x1000"],
    ["--kho-fdt", "0x92000000+0x1000", "--kho-scratch", "0x92010000+16"],
  ])
  func `is not for a crash kernel`(options: [String]) throws {
    let place = try Workplace("qemu-arm64-virt")

    let result = try dtfix(
      [
        "--for-crash", "-i", place.board, "--usable-memory", "0x91400000+0xc000000",
        "--elfcorehdr-at", "0x9d3f0000+0x1000", "-o", place / "crash.dtb",
      ] + options)

    expectRefusal(result, 64, "are for --for-kexec")
  }
}
