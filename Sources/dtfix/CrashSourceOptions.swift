// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import Kexec
import Loading
import RunningKernel
import SystemPackage

/// Where the facts of a core header come from.
struct CrashSourceOptions: ParsableArguments {
  @OptionGroup var machineOptions: MachineOptions

  @Option(
    help: ArgumentHelp(
      "The kernel's architecture, where the machine does not tell: aarch64, x86_64, …",
      valueName: "name"))
  var arch: String?
}

extension CrashSourceOptions {
  private var machine: RunningKernel { machineOptions.machine }

  /// All files whose place a result must not take.
  var paths: [String] {
    ([machine.memoryMapPath, machine.corePath, machine.flatTreePath] + machine.crashPaths)
      .map(\.string)
  }

  /// Whether a machine is looked at: not when the RAM of one that is not there is given.
  func machineIsMeant(_ given: CrashFactOptions) -> Bool {
    given.ram.isEmpty || machineOptions.root != nil
  }

  /// The architecture, the facts, and what could not be learned.
  func facts(
    _ given: CrashFactOptions
  ) throws(Failure) -> (Architecture, MachineSnapshot, notes: [String]) {
    try failing { () throws(KexecError) in
      var facts = machineIsMeant(given) ? machine.snapshot() : MachineSnapshot()
      try facts.readCrashFacts(given: given.facts)
      let architecture = try facts.settleArchitecture(explicit: arch, by: "--arch")
      return (architecture, facts, facts.crashNotes)
    }
  }
}
