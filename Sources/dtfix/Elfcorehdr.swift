// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import CrashCore
import JSONText
import Kexec
import Loading
import Reports
import RunningKernel
import SystemPackage

/// `dtfix elfcorehdr`: the ELF core header of a machine.
struct Elfcorehdr: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "elfcorehdr",
    abstract: "Make the ELF core header that a crash kernel serves as /proc/vmcore.",
    discussion: """
      Makes the same bytes as the running kernel does. Facts given by hand override the machine's; with \
      --ram and without --root no machine is read.

      EXAMPLES
        A crash kernel of this machine:
          dtfix elfcorehdr -o core.hdr
        Only show its contents, and where each fact comes from:
          dtfix elfcorehdr --explain -o /dev/null
        A captured machine:
          dtfix elfcorehdr --root captures/board7 -o core.hdr
      """)

  @OptionGroup(title: "Machine") var source: CrashSourceOptions
  @OptionGroup(title: "Facts given by hand") var given: CrashFactOptions
  @OptionGroup(title: "ELF core header") var shape: CoreHeaderShape
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    try output.check(inputs: source.usesMachine(given) ? source.paths : [])
    let (architecture, facts, notes) = try source.facts(given)
    let plan = try failing(words) { () throws(KexecError) in
      try CoreHeaderPlan(
        for: architecture, facts, order: shape.order == .ascending ? .ascending : .descending,
        joiningNeighbours: shape.joinNeighbours)
    }
    let bytes = try plan.header.bytes(style: shape.style == .kernel ? .kernel : .kexecTools)
    try output.write(CoreHeaderReport(plan, bytes, for: architecture, notes: notes))
  }

  private var words: FailureWords {
    var words = FailureWords("\(source.machineOptions.machine.root)")
    words.architecture = ""
    words.canJoinNeighbours = !shape.joinNeighbours
    return words
  }
}

/// The form of the elfcorehdr; its contents are the same.
struct CoreHeaderShape: ParsableArguments {
  enum Order: String, ExpressibleByArgument, CaseIterable {
    case ascending, descending
  }

  enum Style: String, ExpressibleByArgument, CaseIterable {
    case kernel
    case kexecTools = "kexec-tools"
  }

  @Option(help: .value("order", "Order of the memory segments."))
  var order = Order.ascending

  @Option(help: .value("maker", "Pad the header as this maker does."))
  var style = Style.kernel

  @Flag(help: "Join ranges of memory that touch.")
  var joinNeighbours = false
}

/// Where the facts of an elfcorehdr come from.
struct CrashSourceOptions: ParsableArguments {
  @OptionGroup var machineOptions: MachineOptions

  @Option(
    help: .value(
      "name", "The kernel's architecture, if the machine does not have it: aarch64, x86_64, …"))
  var arch: String?

  private var machine: RunningKernel { machineOptions.machine }

  /// All files that the result must not overwrite.
  var paths: [String] {
    ([machine.memoryMapPath, machine.corePath, machine.flatTreePath] + machine.crashPaths)
      .map(\.string)
  }

  /// Whether a machine is read: not with --ram alone.
  func usesMachine(_ given: CrashFactOptions) -> Bool {
    given.ram.isEmpty || machineOptions.root != nil
  }

  /// The architecture, the facts, and what could not be learned.
  func facts(
    _ given: CrashFactOptions
  ) throws(Failure) -> (Architecture, MachineSnapshot, notes: [String]) {
    try failing { () throws(KexecError) in
      var facts = usesMachine(given) ? machine.snapshot() : MachineSnapshot()
      try facts.readCrashFacts(given: given.facts)
      let architecture = try facts.settleArchitecture(explicit: arch, by: "--arch")
      return (architecture, facts, facts.crashNotes)
    }
  }
}
