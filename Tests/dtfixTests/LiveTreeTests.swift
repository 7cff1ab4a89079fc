// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

private let job = ["--for-kexec", "--command-line", "quiet"] + GivenSeeds.none

/// A copy of a captured machine, to be changed.
private func copy(of machine: String, without files: String...) throws -> TemporaryFolder {
  let folder = try TemporaryFolder()
  try run("cp", ["-r", Fixtures.machine(machine) + "/.", folder.path])
  for file in files { try run("rm", ["-r", folder / file]) }
  return folder
}

/// What `diff` says of two trees, without notes on order.
private func differences(_ one: String, _ other: String) throws -> [String] {
  try dtfix("diff", one, other).text.split(separator: "\n").map(String.init)
    .filter { !$0.hasPrefix("note: ") }
}

@Suite struct `The live tree of a machine` {
  @Test(arguments: ["arm64-virt-6.12", "arm64-virt-uefi-dt-6.12-kf", "riscv64-virt-7.2-kf"])
  func `gives the next kernel the same tree as the flat one`(name: String) throws {
    let machine = try Fixtures.machine(name)
    let place = try Workplace()

    for origin in ["flat", "live"] {
      let result = try dtfix(job + ["--root", machine, "--from", origin, "-o", place / origin])
      expectSilence(result)
    }

    // But for the no-op tags of the flat one.
    expectSilence(try dtfix("diff", place / "live", place / "flat"))
    #expect(try dtfix("show", place / "live").output == dtfix("show", place / "flat").output)
  }

  @Test func `is taken where there is no flat one, with a warning of what is lost`() throws {
    let machine = try copy(of: "arm64-virt-6.12", without: "sys/firmware/fdt")
    let place = try Workplace()

    let result = try dtfix(job + ["--root", machine.path, "-o", place / "next.dtb"])

    #expect(result.status == 0)
    #expect(result.output == [])
    #expect(result.errors.hasPrefix("warning: reservations: "))
    #expect(result.errors.contains(machine / "sys/firmware/fdt: no such file"))
    #expect(result.errors.split(separator: "\n").count == 1)
    let flat = try Fixtures.machine("arm64-virt-6.12")
    try dtfix(job + ["--root", flat, "-o", place / "flat.dtb"])
    #expect(try differences(place / "flat.dtb", place / "next.dtb") == [])
  }

  @Test func `is taken silently where UEFI keeps what is reserved`() throws {
    let machine = try copy(of: "arm64-virt-uefi-dt-6.12-kf", without: "sys/firmware/fdt")

    expectSilence(try dtfix(job + ["--root", machine.path, "-o", "/dev/null"]))
  }

  @Test(arguments: ["pseries-6.12", "pseries-7.2-kf"])
  func `is the one that is shown on powerpc`(name: String) throws {
    let machine = try Fixtures.machine(name)

    let (shown, asked) = (
      try dtfix("show", "--root", machine), try dtfix("show", "--root", machine, "--from", "live")
    )

    expectNoErrors(shown)
    #expect(shown.output == asked.output)
    #expect(shown.text.contains("linux,kernel-end"))
    #expect(
      try !dtfix("show", "--root", machine, "--from", "flat").text.contains("linux,kernel-end"))
  }

  @Test func `is explained: which one, why, and what the kernel had added to it`() throws {
    let machine = try Fixtures.machine("pseries-7.2-kf")
    let place = try Workplace()

    let result = try dtfix(
      job + ["--root", machine, "--arch", "other", "--explain", "-o", place / "next.dtb"])
    let json = try dtfix(job + ["--root", machine, "--arch", "other", "--json"])

    let lines = result.errors.split(separator: "\n")
    #expect(lines[0].hasPrefix("read \(machine)/proc/device-tree: the live tree, 33 nodes"))
    #expect(lines[0].contains("on powerpc"))
    #expect(lines[1].hasPrefix("note: order, reservations"))
    #expect(lines[2].hasPrefix("removed /chosen: linux,kernel-end"))
    #expect(lines[2].hasSuffix("[core.c:kexec_setup]"))
    #expect(
      try python(#"json["source"]["from"], json["source"]["nodes"]"#, on: json) == "live 33")
    #expect(
      try python(#"[c.get("property") for c in json["changes"]][:2]"#, on: json)
        == "['linux,kernel-end', 'linux,crashkernel-base']")
    #expect(try fdtget(place / "next.dtb", "/chosen", "linux,kernel-end") == nil)
    #expect(try fdtget(place / "next.dtb", "/rtas", "linux,rtas-base", as: "x") == "2fff0000")
  }

  @Test func `is found where its capture has it`() throws {
    let place = try Workplace()
    let results = try [
      "true", "mkdir -p sys/firmware/devicetree; mv proc/device-tree sys/firmware/devicetree/base",
      // A link out of the capture would lead to the tree of another machine.
      """
      mkdir -p sys/firmware/devicetree; mv proc/device-tree sys/firmware/devicetree/base
      ln -s /sys/firmware/devicetree/base proc/device-tree
      """, "rm -r proc/device-tree", "rm -r proc/device-tree; ln -s / proc/device-tree",
    ].map { script in
      let machine = try copy(of: "riscv64-virt-6.12")
      try run("bash", ["-ec", script], in: machine.path)
      let result = try dtfix(
        job + ["--root", machine.path, "--from", "live", "-o", place / "tree"])
      expectSilence(result)
      return try contents(of: place / "tree")
    }

    #expect(results.allSatisfy { $0 == results[0] })
  }

  @Test func `plans a kexec, and is named in the output`() throws {
    let machine = try copy(of: "arm64-virt-6.12", without: "sys/firmware/fdt")
    let place = try Workplace()
    try write(KernelBuilder.arm64Image(), to: place / "Image")

    let arguments = ["plan", "--root", machine.path, "--kernel", place / "Image"] + job
    let quiet = try dtfix(arguments + ["-o", place / "plan"])
    let explained = try dtfix(arguments + ["--explain"])

    #expect(quiet.status == 0, "\(quiet.errors)")
    #expect(quiet.errors.hasPrefix("warning: reservations: a live tree has none"))
    #expect(quiet.errors.split(separator: "\n").count == 1)
    #expect(
      explained.errors.hasPrefix("note: read \(machine.path)/proc/device-tree: the live tree"))
    #expect(
      try String(decoding: contents(of: place / "plan/plan.json"), as: UTF8.self)
        .contains("early_init_fdt_scan_reserved_mem"))
  }
}

@Suite struct `A live tree that is named` {
  @Test func `may be a folder, a tar archive, or one that comes through a pipe`() throws {
    let machine = try Fixtures.machine("riscv64-virt-6.12")
    let place = try Workplace()
    let archive = machine + "/proc-device-tree.tar"
    try run("cp", [archive, place / "a file of any name"])

    let results = try [
      dtfix(job + ["-i", machine + "/proc/device-tree", "-o", place / "0"]),
      dtfix(job + ["-i", place / "a file of any name", "-o", place / "1"]),
      run(dtfixPath, job + ["-i", "-", "-o", place / "2"], input: contents(of: archive)),
      shell(#""$dtfix" "${@:2}" -i <(cat "$1")"#, [archive] + job + ["-o", place / "3"]),
    ]

    for (number, result) in results.enumerated() {
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.errors.hasPrefix("warning: reservations: "))
      #expect(try contents(of: place / "\(number)") == contents(of: place / "0"))
    }
  }

  @Test func `is shown, and compared with the flat one`() throws {
    let machine = try Fixtures.machine("riscv64-virt-6.12")
    let (folder, archive) = (machine + "/proc/device-tree", machine + "/proc-device-tree.tar")

    let (shown, shownArchive) = (try dtfix("show", folder), try dtfix("show", archive))

    expectNoErrors(shown)
    #expect(shown.output == shownArchive.output)
    #expect(try differences(machine + "/sys/firmware/fdt", folder) == [])
    #expect(try differences(archive, folder) == [])
    #expect(
      try Fixtures.sortedSource(Fixtures.compile(shown.text))
        == Fixtures.sortedSource(contents(of: machine + "/sys/firmware/fdt")))
  }

  @Test func `is refused together with --from`() throws {
    let place = try Workplace()

    expectUsageError(
      try dtfix(job + ["-i", place.board, "--from", "live", "-o", "/dev/null"]), "--from")
    expectUsageError(try dtfix("show", place.board, "--from", "live"), "--from")
    expectUsageError(try dtfix(job + ["--from", "old", "-o", "/dev/null"]), "--from", "old")
  }

  @Test func `is no output's place`() throws {
    let machine = try copy(of: "riscv64-virt-6.12", without: "proc/device-tree", "sys/firmware/fdt")

    let result = try dtfix(
      job + ["--root", machine.path, "-o", machine / "proc-device-tree.tar"])

    expectRefusal(result, 64, "is also an input")
  }
}

@Suite struct `A live tree that cannot be read` {
  @Test func `is refused for one property that is closed, with what is needed`() throws {
    let machine = try copy(of: "riscv64-virt-6.12")
    let property = machine / "proc/device-tree/chosen/security-password"
    try write([1], to: property)
    try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: property)

    let result = try unprivileged(job + ["--root", machine.path, "--from", "live", "-o", "-"])

    expectRefusal(result, 77, "dtfix: \(property): permission denied")
    #expect(result.errors.contains("CAP_DAC_READ_SEARCH"))
  }

  @Test func `is refused where there is none, by either name`() throws {
    let (none, place) = (try TemporaryFolder(), try Workplace())

    for origin in ["flat", "live"] {
      let result = try dtfix(job + ["--root", none.path, "--from", origin, "-o", place / "next"])
      expectRefusal(
        result, 69, none / (origin == "flat" ? "sys/firmware/fdt" : "proc/device-tree"),
        "no such file")
    }
    let missing = try dtfix(
      job + ["--root", none / "missing", "--from", "live", "-o", place / "next"])
    expectRefusal(missing, 66, none / "missing/proc/device-tree: no such file")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test func `is refused for an archive that was cut, in one line`() throws {
    let machine = try Fixtures.machine("riscv64-virt-6.12")
    let place = try Workplace()
    let whole = try contents(of: machine + "/proc-device-tree.tar")
    try write(Array(whole.prefix(whole.count / 2)), to: place / "cut.tar")

    let result = try dtfix(job + ["-i", place / "cut.tar", "-o", place / "next.dtb"])

    expectRefusal(result, 65, "dtfix: \(place / "cut.tar"): offset 0x", "ends inside")
    #expect(try place.names() == ["board.dtb", "cut.tar"])
  }
}

/// Expects that all went well, and that nothing was said but on standard output.
private func expectNoErrors(_ result: ToolResult) {
  #expect(result.status == 0)
  #expect(result.errors == "")
}
