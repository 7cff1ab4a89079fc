// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@Suite struct `A map` {
  @Test func `shows all that a kexec has to do with`() throws {
    let result = try shell(#"LC_ALL=C COLUMNS=80 "$dtfix" map --root "$1""#, capturedMachine)

    #expect(result.status == 0)
    #expect(result.errors == "")
    #expect(result.text.hasPrefix("Memory of arm64-virt-6.12-kf\n1.5 GiB of RAM; 192 MiB for a"))
    #expect(result.text.contains(".% 0x40200000-0x4089ffff  6.6 MiB running kernel"))
    #expect(result.text.contains(".= 0x91400000-0x9d3fffff  192 MiB Crash kernel"))
    #expect(result.text.contains(".: 0x9d400000-0x9fdfffff   42 MiB reserved"))
    #expect(!result.text.contains("pcie"))
  }

  @Test func `shows what powerpc tells in its tree alone`() throws {
    let machine = try Fixtures.machine("pseries-6.12")

    let result = try shell(#"LC_ALL=C COLUMNS=80 "$dtfix" map --root "$1""#, machine)

    #expect(result.text.contains("% 0x0-0x287efff         40.5 MiB running kernel"))
    #expect(result.text.contains("= 0x20000000-0x2fffefff  256 MiB Crash kernel"))
    #expect(result.text.contains(": reserved"))
  }

  @Test(
    arguments: machinesWithTrees + [
      "pseries-7.2-kf", "x86_64-q35-6.1", "x86_64-q35-6g-high-6.1", "x86_64-q35-hotplug-6.12",
    ])
  func `is drawn of every machine, in both ways`(name: String) throws {
    let machine = try Fixtures.machine(name)
    let place = try Workplace()

    let text = try shell(#"COLUMNS=72 "$dtfix" map --root "$1""#, machine)
    let silence = try dtfix("map", "--root", machine, "--svg", place / "memory.svg")

    #expect(text.status == 0)
    #expect(text.text.split(separator: "\n").allSatisfy { $0.count <= 72 })
    expectSilence(silence)
    let script = "import sys, xml.etree.ElementTree as tree; tree.parse(sys.argv[1])"
    #expect(try run("python3", ["-c", script, place / "memory.svg"]).status == 0)
  }

  @Test func `has the firmware's view where there is one`() throws {
    let result = try dtfix("map", "--root", Fixtures.machine("x86_64-q35-6.1"))

    #expect(result.text.contains("Memory of x86_64-q35-6.1, as its firmware describes it"))
  }

  @Test func `goes to standard output as SVG too`() throws {
    let place = try Workplace()

    let result = try dtfix("map", "--root", capturedMachine, "--svg", "-")
    try dtfix("map", "--root", capturedMachine, "--svg", place / "memory.svg")

    #expect(result.text.hasPrefix("<svg "))
    #expect(try contents(of: place / "memory.svg") == result.output)
  }
}

@Suite struct `A map on a terminal` {
  @Test func `has colours`() throws {
    #expect(try onTerminal("TERM=xterm").contains("\u{1b}[33m"))
  }

  @Test(arguments: ["NO_COLOR=1", "TERM=dumb"])
  func `has no colours where they are not wanted`(variable: String) throws {
    #expect(try !onTerminal("TERM=xterm \(variable)").contains("\u{1b}"))
  }

  @Test func `has colours where the wish for none is empty`() throws {
    #expect(try onTerminal("TERM=xterm NO_COLOR=").contains("\u{1b}"))
  }

  @Test(arguments: [40, 100])
  func `is as wide as that`(width: Int) throws {
    let text = try onTerminal("NO_COLOR=1 COLUMNS=60 LC_ALL=C.UTF-8", columns: width)

    #expect(text.split(whereSeparator: \.isNewline).map(\.count).max() == width)
  }

  @Test func `has no colours when it is somewhere else`() throws {
    #expect(try !dtfix("map", "--root", capturedMachine).text.contains("\u{1b}"))
  }

  @Test(arguments: [("LC_ALL=C LANG=C.UTF-8", "="), ("LC_ALL= LC_CTYPE=de_DE.utf8", "▒")])
  func `has the signs of its locale`(variables: String, sign: String) throws {
    #expect(try onTerminal(variables).contains(sign))
  }

  private func onTerminal(_ variables: String, columns: Int = 80) throws -> String {
    let map = "'\(dtfixPath)' map --root '\(capturedMachine)'"
    let command = "stty cols \(columns); env -u NO_COLOR \(variables) \(map)"
    return try run("script", ["-qec", command, "/dev/null"]).text
  }
}

@Suite struct `A map that cannot be drawn` {
  @Test func `is refused when the addresses are hidden`() throws {
    let machine = try machine("00000000-00000000 : System RAM\n")

    let result = try dtfix("map", "--root", machine.path)

    expectRefusal(result, 77, "proc/iomem", "hidden", "CAP_SYS_ADMIN")
  }

  @Test(arguments: [("", 69), ("1000-1fff : serial\n", 69), ("1000 : System RAM\n", 65)])
  func `is refused when there is nothing to draw`(text: String, status: Int32) throws {
    let machine = try machine(text)

    expectRefusal(try dtfix("map", "--root", machine.path), status, "proc/iomem")
  }

  @Test func `is refused for a folder that is no machine`() throws {
    let folder = try TemporaryFolder()

    expectRefusal(try dtfix("map", "--root", folder.path), 66, "proc/iomem: no such file")
  }

  @Test func `leaves the file that was there`() throws {
    let machine = try machine("")
    try write(Array("old".utf8), to: machine / "memory.svg")

    let result = try dtfix("map", "--root", machine.path, "--svg", machine / "memory.svg")

    #expect(result.status == 69)
    #expect(try contents(of: machine / "memory.svg") == Array("old".utf8))
  }

  @Test func `is not written over its own source`() throws {
    let machine = try machine("1000-1fff : System RAM\n")

    let result = try dtfix("map", "--root", machine.path, "--svg", machine / "proc/iomem")

    expectRefusal(result, 64, "is also an input")
  }

  @Test func `does not say on a terminal what a name would do there`() throws {
    let machine = try machine("1000-1fff : System RAM\n2000-2fff : System RAM (\u{1b}[31m)\n")

    let result = try dtfix("map", "--root", machine.path)

    #expect(result.status == 0)
    #expect(!result.text.contains("\u{1b}"))
  }

  /// A machine with such a `/proc/iomem`.
  private func machine(_ text: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder / "proc", withIntermediateDirectories: true)
    try write(Array(text.utf8), to: folder / "proc/iomem")
    return folder
  }
}
