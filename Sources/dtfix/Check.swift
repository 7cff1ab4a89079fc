// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import CrashCore
import ELF
import JSONText
import KernelImage
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel
import SystemPackage

/// `dtfix check`: results, read as the next kernel reads them.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Find what kernels would refuse or misread in core headers, trees and plans.",
    usage: "dtfix check <file> ... <options>",
    discussion: """
      ELF core header, made by any tool: prints a line for each finding, which is refused (no \
      /proc/vmcore), useless (a /proc/vmcore that cannot be used) or a warning. With --root the header is \
      compared with a machine: missing memory and memory that is not RAM, the crash kernel's own memory, \
      notes of another boot, the linear map, the kernel. A note on standard error says what could not be \
      compared.

      Plan, a folder written by dtfix plan: finds what the running kernel would refuse, what it would \
      accept but should not, and what the next kernel would misread. Always prints how the next kernel \
      will read the plan.

      Tree: the same. With --for-kexec or --for-crash it also finds what does not belong in the tree of an \
      ordinary kexec, or is missing from a crash kernel's.

      Exits with 1 when something is found.

      EXAMPLES
        An ELF core header alone:
          dtfix check core.hdr
        An ELF core header for the next crash of this machine, as root:
          dtfix check --root / core.hdr
        Several, for a captured machine:
          dtfix check --root captures/board7 one.hdr two.hdr
        A plan for this machine, before it is loaded:
          dtfix check --root / next.plan
        The tree of a crash kernel:
          dtfix check --for-crash --root / crash.dtb
      """)

  @Argument(help: "ELF core headers, trees and plans; - is standard input.")
  var files: [String]

  @Flag(name: .customLong("for-kexec"), help: "The trees are for an ordinary kexec.")
  var forKexec = false

  @Flag(name: .customLong("for-crash"), help: "The trees are for a crash kernel.")
  var forCrash = false

  @OptionGroup var source: MachineOptions

  @Option(help: .value("name", "Architecture of the next kernel: aarch64, x86_64, …"))
  var arch: String?

  @Option(ranges: "RAM that is left out of the dump on purpose; repeatable.")
  var exclude: [PhysicalRange] = []

  @Flag(help: "Print JSON instead of lines.")
  var json = false

  func validate() throws {
    try require(files.filter({ $0 == "-" }).count < 2, "standard input can be read once")
    try require(!forKexec || !forCrash, "--for-kexec and --for-crash exclude each other")
  }

  func run() throws {
    let (machine, notes) = try machineFacts()
    let inputs = try files.map { (file) throws(Failure) in try CheckedFile(file) }
    if !json { notes.forEach { printError("note: \($0)") } }
    let results = try inputs.map { (input) throws(Failure) in
      if let purpose, !input.isTree {
        throw Failure(.usage, "\(input.name): not a tree; --for-\(purpose) is for trees")
      }
      return input.report(machine, purpose)
    }
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
    if results.contains(where: { !$0.findings.isEmpty }) { throw Failure.found }
  }

  private var purpose: Purpose? { forKexec ? .kexec : forCrash ? .crash : nil }

  /// The machine that results are compared with, and what cannot be compared.
  ///
  /// - Throws: ``Failure`` when it lists no memory, which most of the check needs.
  private func machineFacts() throws(Failure) -> (CheckedMachine, notes: [String]) {
    var (machine, notes) = (CheckedMachine(), [String]())
    if source.root != nil {
      let running = source.machine
      machine.memory = running.snapshot(of: .memory)
      if running.exists, machine.memory.$memory.failure?.kind == .notOffered {
        throw Failure(
          .notOffered,
          "\(running.memoryMapPath): lists no memory\nwithout --root a header is checked alone")
      }
      try failing { () throws(KexecError) in
        (machine.core, notes) = try machine.memory.readMachineToCheck()
      }
      if machine.memory.pageSize == nil {
        notes.append(
          "the page size is not known: every page size of the architecture is accepted")
      }
    }
    machine.core.excluded = PhysicalRangeSet(exclude)
    machine.architecture = machine.core.machine.flatMap(Architecture.init)
    if let arch {
      machine.architecture = Architecture(named: arch)
      machine.core.machine = machine.architecture?.machine
      guard machine.core.machine != nil else {
        throw Failure(.usage, "--arch: no elfcorehdr of \(arch) is known")
      }
    }
    return (machine, notes)
  }
}

/// The machine that results are compared with.
struct CheckedMachine {
  var core = CoreMachine()
  var memory = MachineSnapshot()
  /// The explicit one, or that of the machine's kernel.
  var architecture: Architecture?
}

/// An elfcorehdr, a tree or a plan that has been read, and its check.
struct CheckedFile {
  let name: String
  let isTree: Bool
  /// Checks the file on a machine; the purpose is that of a tree.
  let report: (CheckedMachine, Purpose?) -> CheckReport

  init(_ path: String) throws(Failure) {
    guard !PlanFolder.exists(path) else {
      let (manifest, contents) = try PlanFolder(path).read()
      (name, isTree) = (path, false)
      report = { machine, _ in
        let check = PlanCheck(
          of: manifest, contents: contents, on: machine.memory, core: machine.core)
        return CheckReport(path, check.findings, check.view)
      }
      return
    }
    let input = try InputFile(path)
    name = input.name
    switch FileKind(recognizing: input.bytes.span) {
    case .coreHeader, .kernel(.elf):
      isTree = false
      report = { machine, _ in
        let findings = CoreHeaderCheck(of: machine.core).findings(in: input.bytes.span)
        return CheckReport(input.name, findings)
      }
    case .tree:
      isTree = true
      report = { machine, purpose in
        let check = TreeCheck(
          of: input.bytes, for: purpose, on: machine.memory, architecture: machine.architecture)
        return CheckReport(input.name, check.findings, check.view)
      }
    default:
      throw Failure(
        .malformedInput,
        "\(name): not an ELF file, tree or folder; check reads ELF core headers, trees and plans")
    }
  }
}
