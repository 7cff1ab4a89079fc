// SPDX-License-Identifier: Apache-2.0

import TestSupport
import Testing

@Suite struct `The explanation` {
  @Test func `is a line a change on standard error, with its reason and rule`() throws {
    let place = try Workplace("stale-handover")

    let result = try dtfix("--for-kexec", "-i", place.board, "--explain", "-o", place / "next.dtb")

    let lines = result.errors.split(separator: "\n")
    let form = #/(added|replaced|removed|kept) [^:]+.*: .+ \[.+\]/#
    #expect(result.status == 0)
    #expect(result.output == [])
    let size = try contents(of: place.board).count
    #expect(lines.first == "read \(place.board): \(size) bytes, version 17")
    #expect(lines.last?.hasPrefix("made a tree of ") == true)
    #expect(lines.dropFirst().dropLast().filter { $0.wholeMatch(of: form) == nil } == [])
  }

  @Test(arguments: [
    "linux,elfcorehdr", "linux,usable-memory-range", "linux,initrd-start", "linux,initrd-end",
    "linux,ima-kexec-buffer", "linux,dmcryptkeys", "linux,kho-fdt", "linux,kho-scratch",
  ])
  func `names what the last hand-over left`(property: String) throws {
    let place = try Workplace("stale-handover")

    let result = try dtfix("--for-kexec", "-i", place.board, "--explain", "-o", "/dev/null")

    #expect(result.errors.contains("\nremoved /chosen: \(property) "))
  }

  @Test func `leaves the tree as it is without it`() throws {
    let place = try Workplace()
    let arguments = ["--for-kexec", "-i", place.board] + GivenSeeds.options

    let silent = try dtfix(arguments)
    let explained = try dtfix(arguments + ["--explain"])

    #expect(explained.output == silent.output)
    #expect(silent.errors == "")
  }

  @Test func `lists what was requested`() throws {
    let place = try Workplace()

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--command-line", "quiet", "--initrd-at",
      "0x90000000+0x1234", "--reserve", "4K@0x91000000", "--set", "/:model=new", "--delete",
      "/chosen:stdout-path", "--explain", "-o", "/dev/null")

    let lines = result.errors.split(separator: "\n")
    #expect(lines.contains { $0.hasPrefix("replaced /: model ") && $0.hasSuffix(": requested") })
    #expect(
      lines.contains {
        $0.hasPrefix("removed /chosen: stdout-path ") && $0.hasSuffix(": requested")
      }
    )
    #expect(lines.contains { $0.hasPrefix("added reservation 0x90000000-0x90001233: ") })
    #expect(lines.contains { $0 == "added reservation 0x91000000-0x91000fff: requested" })
    #expect(lines.contains { $0.contains(#"-> "quiet": the next kernel's command line"#) })
  }
}

@Suite struct `The explanation of a machine` {
  @Test(arguments: [
    (#"sed -i 's/[0-9a-f]*-[0-9a-f]* :/00000000-00000000 :/' "$1""#, "CAP_SYS_ADMIN"),
    (#"rm "$1""#, "no such file"), (#": >"$1""#, "no System RAM"),
  ])
  func `says why its memory is not known`(script: String, why: String) throws {
    let place = try Workplace()
    try run("cp", ["-r", capturedMachine, place / "machine"])
    try shell(script, place / "machine/proc/iomem")

    let result = try dtfix(
      "--for-kexec", "--root", place / "machine", "--initrd-at", "0x48000000+0x1000", "--explain",
      "-o", "/dev/null")

    #expect(result.status == 0)
    #expect(result.errors.contains("\nnote: \(place / "machine/proc/iomem"): "))
    #expect(result.errors.contains(why))
  }
}

@Suite struct `The explanation of a padded command line` {
  @Test func `shows it as text`() throws {
    let place = try Workplace()
    try run("fdtput", ["-t", "bx", place.board, "/chosen", "bootargs", "61", "62", "0", "0", "0"])

    let result = try dtfix("--for-kexec", "-i", place.board, "--explain", "-o", "/dev/null")

    #expect(
      result.errors.contains(#"replaced /chosen: bootargs "ab" and 2 bytes after its end -> "ab""#)
    )
  }
}

@Suite struct `The explanation as JSON` {
  @Test func `says the same as the lines`() throws {
    let place = try Workplace("stale-handover")

    let result = try dtfix("--for-kexec", "-i", place.board, "--explain", "--json")

    let parts = try python(
      """
      "\\n".join("%s %s\\t%s [%s]" % (c["action"],
        "%s: %s" % (c["node"], c["property"]) if c["what"] == "property"
          else c.get("node", c["what"]),
        c["reason"], c["rule"].split("/")[-1]) for c in json["changes"])
      """, on: result
    ).split(separator: "\n").map { $0.split(separator: "\t") }
    let told = result.errors.split(separator: "\n").dropFirst().dropLast()
    #expect(result.status == 0)
    #expect(told.count > 10)
    #expect(parts.count == told.count)
    for (line, part) in zip(told, parts) {
      #expect(line.hasPrefix(part[0]) && line.hasSuffix(": " + part[1]))
    }
  }

  @Test func `gives values as what they are`() throws {
    let place = try Workplace("stale-handover")

    let result = try dtfix(
      "--for-kexec", "-i", place.board, "--initrd-at", "0x900000000+0x1234", "--set",
      "/:model=<1 2>", "--command-line", "quiet", "--json")

    func value(_ name: String, _ side: String = "to") throws -> String {
      try python(
        "next(c for c in json['changes'] if c.get('property', c['what']) == '\(name)' "
          + "and '\(side)' in c)['\(side)']", on: result)
    }
    #expect(try value("model") == "[1, 2]")
    #expect(try value("bootargs") == "['quiet']")
    #expect(try value("linux,initrd-start") == "0x900000000")
    #expect(try value("kaslr-seed") == "{'secretBytes': 8}")
    #expect(try value("reservation") == "{'start': '0x900000000', 'size': '0x1234'}")
    #expect(try python("json['warnings'][0]['place']", on: result) == "initrd")
  }

  @Test func `says what was read and what was made`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--json", "-o", place / "next.dtb")

    let size = try contents(of: place / "next.dtb").count
    let sourceSize = try contents(of: place.board).count
    #expect(result.errors == "")
    #expect(try python(#"json["source"]["file"]"#, on: result) == place.board)
    #expect(try python(#"json["source"]["size"]"#, on: result) == "\(sourceSize)")
    #expect(try python(#"json["source"]["version"]"#, on: result) == "17")
    #expect(try python(#"json["architecture"]"#, on: result) == "aarch64")
    #expect(try python(#"json["size"]"#, on: result) == "\(size)")
  }

  @Test func `comes without a tree unless one is requested`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--json")

    let names = try python(#"" ".join(sorted(json))"#, on: result)
    #expect(names == "architecture changes size source warnings")
    #expect(try place.names() == ["board.dtb"])
  }

  @Test func `does not share standard output with the tree`() throws {
    let place = try Workplace()

    let result = try dtfix("--for-kexec", "-i", place.board, "--json", "-o", "-")

    expectRefusal(result, 64, "--json", "-o -")
  }

  @Test(arguments: [
    "a \"quoted\" name.dtb", "back\\slash.dtb", "tab\t.dtb", "é.dtb", "bell\u{7}.dtb",
  ])
  func `escapes names`(name: String) throws {
    let place = try Workplace()
    try write(contents(of: place.board), to: place / name)

    let result = try dtfix("--for-kexec", "-i", place / name, "--json")

    #expect(try python(#"json["source"]["file"]"#, on: result) == place / name)
  }
}
