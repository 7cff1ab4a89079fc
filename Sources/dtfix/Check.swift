// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import CrashCore
import ELF
import JSONText
import Kexec
import Loading
import PhysicalMemory
import Reports
import RunningKernel
import SystemPackage

/// `dtfix check`: results, read as the next kernel will.
struct Check: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract:
      "What kernels would refuse in a core header, a tree or a plan, and what would spoil it.",
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

      The same of a tree alone: what does not belong into the tree of an ordinary kexec, or is \
      missing in a crash kernel's, is a finding with --for-kexec or --for-crash.

      EXAMPLES
        A core header alone:
          dtfix check core.hdr
        A core header for the next crash of this machine, as root:
          dtfix check --root / core.hdr
        Several, of a captured machine:
          dtfix check --root captures/board7 one.hdr two.hdr
        A plan for this machine, before it is loaded:
          dtfix check --root / next.plan
        The tree of a crash kernel:
          dtfix check --for-crash --root / crash.dtb
      """)

  @Argument(help: "The core headers, trees and plans; - is standard input.")
  var files: [String]

  @Flag(name: .customLong("for-kexec"), help: "The trees are for an ordinary kexec.")
  var forKexec = false

  @Flag(name: .customLong("for-crash"), help: "The trees are for a crash kernel.")
  var forCrash = false

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
    guard !forKexec || !forCrash else {
      throw ValidationError("a tree is for one of --for-kexec and --for-crash")
    }
  }

  func run() throws {
    let (machine, notes) = try machineFacts()
    let inputs = try files.map { (file) throws(Failure) in try CheckedFile(file) }
    if !json { notes.forEach { printError("note: \($0)") } }
    let results = try inputs.map { (input) throws(Failure) in
      if let purpose, let name = input.nameOfOther {
        throw Failure(.usage, "\(name): is no tree; --for-\(purpose) is for trees")
      }
      return input.result(on: machine, for: purpose)
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

  private func machineFacts() throws(Failure) -> (CheckedMachine, notes: [String]) {
    var (machine, notes) = (CheckedMachine(), [String]())
    if source.root != nil { (machine, notes) = try source.machineToCheck() }
    machine.core.excluded = PhysicalRangeSet(exclude)
    machine.architecture = machine.core.machine.flatMap(Architecture.init)
    if let arch {
      machine.core.machine = try Self.machine(named: arch)
      machine.architecture = Architecture(named: arch)
    }
    return (machine, notes)
  }

  private static func machine(named name: String) throws(Failure) -> Machine {
    guard let machine = Architecture(named: name)?.machine else {
      throw Failure(.usage, "--arch: no core headers of \(name) are known")
    }
    return machine
  }
}

extension MachineOptions {
  /// The machine that results are compared with, and what it does not let compare.
  ///
  /// - Throws: ``Failure`` when it lists no memory, which most of the check is about.
  fileprivate func machineToCheck() throws(Failure) -> (CheckedMachine, notes: [String]) {
    var facts = machine.snapshot(of: .memory)
    if machine.exists, facts.$memory.failure?.kind == .notOffered {
      throw Failure(
        .notOffered,
        "\(machine.memoryMapPath): tells of no memory\nwithout --root a header is checked alone")
    }
    return try failing { () throws(KexecError) in
      var (core, notes) = try facts.readMachineToCheck()
      if facts.pageSize == nil {
        notes.append("the page size is not known: any that a kernel has is taken for right")
      }
      return (CheckedMachine(core: core, memory: facts), notes)
    }
  }
}
