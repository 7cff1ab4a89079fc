// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import CrashCore
import JSONText
import Kexec
import Loading
import PhysicalMemory
import RunningKernel

/// `dtfix check`: results, read as the next kernel will.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "What kernels would refuse in a core header or a plan, and what would spoil it.",
    usage: "dtfix check <file> ... <options>",
    discussion: """
      Prints a line for each finding, whoever made the header: refused (there will be no \
      /proc/vmcore), useless (there will be one that cannot be used) or doubtful. Prints nothing \
      when all is well; exits with 1 when something is found. With --root the header is compared \
      with a machine: memory that is missing or is none, the crash kernel's own memory, notes \
      of another boot, the linear map, the kernel. A note on standard error tells what the machine \
      does not let compare.

      A folder is a plan of dtfix plan. What the running kernel would refuse, what it would take and \
      should not, and what the next kernel would misread are findings; what the next kernel will \
      believe is printed in any case.

      EXAMPLES
        A core header alone:
          dtfix check core.hdr
        A core header for the next crash of this machine, as root:
          dtfix check --root / core.hdr
        Several, of a captured machine:
          dtfix check --root captures/board7 one.hdr two.hdr
        A plan for this machine, before it is loaded:
          dtfix check --root / next.plan
      """)

  @Argument(help: "The core headers and plans; - is standard input.")
  var files: [String]

  @OptionGroup var source: MachineOptions

  @Option(
    help: ArgumentHelp(
      "The architecture that is to take them: aarch64, x86_64, …", valueName: "name"))
  var arch: String?

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      "RAM that is left out of the dump on purpose, and not missed; repeatable.",
      valueName: "range"), transform: Parse.range)
  var exclude: [PhysicalRange] = []

  @Flag(help: "JSON instead of lines.")
  var json = false

  func validate() throws {
    guard files.filter({ $0 == "-" }).count < 2 else {
      throw ValidationError("standard input can be read once")
    }
  }

  func run() throws {
    let (machine, notes) = try machineFacts()
    let inputs = try files.map { (file) throws(Failure) in try CheckedFile(file) }
    if !json { notes.forEach { printError("note: \($0)") } }
    let results = inputs.map { $0.result(on: machine) }
    let lines = results.flatMap(\.lines)
    if json {
      let all: JSON = [
        "findings": .array(results.flatMap(\.findings)), "notes": .array(notes.map(JSON.string)),
        "beliefs": .array(results.flatMap(\.beliefs)),
      ]
      try printOutput("\(all)")
    } else if !lines.isEmpty {
      try printOutput(lines.joined(separator: "\n"))
    }
    if results.contains(where: { !$0.findings.isEmpty }) { throw Failure(.different, "") }
  }

  private func machineFacts() throws(Failure) -> (CheckedMachine, notes: [String]) {
    var (machine, notes) = (CheckedMachine(), [String]())
    if source.root != nil {
      let kernel = source.sourceMachine
      let map = try kernel.memoryMapToCheck()
      let pageSize = (try? kernel.pageSize()) ?? nil
      (machine, notes) = try loading { () throws(LoadingError) in
        let (core, notes) = try kernel.coreMachine(listedIn: map)
        let isPowerPC = core.machine == Architecture.ppc64.coreRules?.machine
        var (memory, _) = try kernel.facts(
          listedIn: map, pageSize: pageSize, for: isPowerPC ? .ppc64 : nil)
        memory.byteOrder = core.byteOrder ?? .little
        return (CheckedMachine(core: core, memory: memory), notes)
      }
    }
    machine.core.excluded = PhysicalRangeSet(exclude)
    if let arch { machine.core.machine = try Self.machine(named: arch) }
    return (machine, notes)
  }

  private static func machine(named name: String) throws(Failure) -> UInt16 {
    guard let rules = Architecture(named: name)?.coreRules else {
      throw Failure(.usage, "--arch: no core headers of \(name) are known")
    }
    return rules.machine
  }
}
