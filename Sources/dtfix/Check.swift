// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CrashCore
import JSONText
import Kexec
import RunningKernel

/// `dtfix check`: results, read as the next kernel will.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "What a crash kernel would refuse in a core header, and what would spoil the dump.",
    discussion: """
      Prints a line for each finding, whoever made the header: refused (there will be no \
      /proc/vmcore), useless (there will be one that cannot be used) or doubtful. Prints nothing \
      when all is well; exits with 1 when something is found. With --root the header is compared \
      with a machine: memory that is missing or is none, the crash kernel's own memory, notes \
      of another boot, the linear map, the kernel. A note on standard error tells what the machine \
      does not let compare.

      EXAMPLES
        A core header alone:
          dtfix check core.hdr
        A core header for the next crash of this machine, as root:
          dtfix check --root / core.hdr
        Several, of a captured machine:
          dtfix check --root captures/board7 one.hdr two.hdr
      """)

  @Argument(help: "The core headers; - is standard input.")
  var files: [String]

  @OptionGroup var source: MachineOptions

  @Option(
    help: ArgumentHelp(
      "The architecture that is to take them: aarch64, x86_64, …", valueName: "name"))
  var arch: String?

  @Flag(help: "JSON instead of lines.")
  var json = false

  func validate() throws {
    guard files.filter({ $0 == "-" }).count < 2 else {
      throw ValidationError("standard input can be read once")
    }
  }

  func run() throws {
    var (machine, notes) =
      source.root == nil ? (CoreMachine(), []) : try CoreMachine.facts(of: source.machine)
    if let arch { machine.machine = try Self.machine(named: arch) }
    let inputs = try files.map { file throws(Failure) in
      let input = try InputFile(file)
      guard input.isELF else {
        throw Failure(.malformedInput, "\(input.name): no ELF file; check reads core headers")
      }
      return input
    }
    if !json { notes.forEach { printError("note: \($0)") } }
    let check = CoreHeaderCheck(of: machine)
    let findings = inputs.map { (file: $0.name, findings: check.findings(in: $0.bytes.span)) }
    let lines = findings.flatMap { file, findings in findings.map { "\(file): \($0)" } }
    if json {
      let all = findings.flatMap { file, findings in findings.map { $0.json(in: file) } }
      try printOutput(
        "\(["findings": .array(all), "notes": .array(notes.map(JSON.string))] as JSON)")
    } else if !lines.isEmpty {
      try printOutput(lines.joined(separator: "\n"))
    }
    if !lines.isEmpty { throw Failure(.different, "") }
  }

  private static func machine(named name: String) throws(Failure) -> UInt16 {
    guard let rules = Architecture(named: name)?.coreRules else {
      throw Failure(.usage, "--arch: no core headers of \(name) are known")
    }
    return rules.machine
  }
}

extension CoreFinding {
  fileprivate func json(in file: String) -> JSON {
    [
      "file": .string(file), "severity": .string("\(severity)"), "place": .string("\(place)"),
      "text": .string(text), "rule": .string("\(rule)"),
    ]
  }
}
