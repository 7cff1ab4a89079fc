// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import CrashCore
import JSONText
import Kexec
import Reports
import RunningKernel

/// `dtfix elfcorehdr`: the core header of a machine.
struct Elfcorehdr: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "elfcorehdr",
    abstract: "The ELF core header that a crash kernel serves as /proc/vmcore.",
    discussion: """
      The same bytes as the running kernel makes itself. Facts that are given by hand take the place \
      of the machine's; with --ram and without --root no machine is looked at.

      EXAMPLES
        For a crash image of this machine:
          dtfix elfcorehdr -o core.hdr
        What it says, and how that is known:
          dtfix elfcorehdr --explain -o /dev/null
        Of a captured machine:
          dtfix elfcorehdr --root captures/board7 -o core.hdr
      """)

  @OptionGroup(title: "The machine") var source: CrashSourceOptions
  @OptionGroup(title: "Facts by hand") var given: CrashFactOptions
  @OptionGroup(title: "The header") var shape: CoreHeaderShape
  @OptionGroup(title: "Output") var output: OutputOptions

  func run() throws {
    try output.check(inputs: source.machineIsMeant(given) ? source.paths : [])
    let (architecture, facts, notes) = try source.facts(given)
    let plan: CoreHeaderPlan
    let bytes: [UInt8]
    do {
      plan = try CoreHeaderPlan(
        for: architecture, facts, order: shape.order.order, joiningNeighbours: shape.joinNeighbours)
      bytes = try plan.header.bytes(style: shape.style.style)
    } catch let error as KexecError {
      throw Failure(error, words)
    }
    try output.write(
      CoreHeaderReport(plan, bytes, for: architecture, notes: notes))
  }

  private var words: FailureWords {
    var words = FailureWords("\(source.machineOptions.machine.root)")
    words.architecture = ""
    words.canJoinNeighbours = !shape.joinNeighbours
    return words
  }
}

/// What the header looks like; what it says is the same.
struct CoreHeaderShape: ParsableArguments {
  enum Order: String, ExpressibleByArgument, CaseIterable {
    case ascending, descending

    var order: CoreHeaderPlan.Order { self == .ascending ? .ascending : .descending }
  }

  enum Style: String, ExpressibleByArgument, CaseIterable {
    case kernel
    case kexecTools = "kexec-tools"

    var style: CoreHeader.Style { self == .kernel ? .kernel : .kexecTools }
  }

  @Option(help: ArgumentHelp("The order of the memory.", valueName: "order"))
  var order = Order.ascending

  @Option(help: ArgumentHelp("Whose padding it has.", valueName: "maker"))
  var style = Style.kernel

  @Flag(help: "Make neighbouring ranges of memory one.")
  var joinNeighbours = false
}
