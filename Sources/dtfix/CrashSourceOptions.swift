// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import BinaryFormat
import ELF
import Kexec
import PhysicalMemory
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

// Here RunningKernel and Kexec meet.
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
  ) throws(Failure) -> (Architecture, CrashFacts, notes: [String]) {
    var facts = CrashFacts()
    var notes: [String] = []
    var machineName: String?
    if machineIsMeant(given) {
      (machineName, notes) = try readMachine(into: &facts, given)
    }
    facts.take(given)
    if facts.coreSegments.isEmpty, ["ppc64", "powerpc64"].contains(arch) { facts.byteOrder = .big }
    return (try architecture(machineName, notes), facts, notes)
  }

  private func architecture(
    _ machineName: String?, _ notes: [String]
  ) throws(Failure) -> Architecture {
    guard let name = arch ?? machineName else {
      let why = notes.first.map { "\($0)\n" } ?? ""
      throw Failure(.usage, "\(why)the architecture is not known; say it with --arch")
    }
    if let machineName, let told = Architecture(named: machineName),
      let said = Architecture(named: name), told != said
    {
      throw Failure(.usage, "--arch: \(name), but \(machine.corePath) is of \(machineName)")
    }
    guard let architecture = Architecture(named: name), architecture.coreRules != nil else {
      throw Failure(.usage, "--arch: no core headers are made for \(name)")
    }
    return architecture
  }

  private func readMachine(
    into facts: inout CrashFacts, _ given: CrashFactOptions
  ) throws(Failure) -> (name: String?, notes: [String]) {
    var notes: [String] = []
    let map = try read { kernel throws(MachineError) in try kernel.memoryMap() }
    guard map?.isHidden != true else {
      throw Failure(
        .noPermission, "\(machine.memoryMapPath): addresses are hidden without CAP_SYS_ADMIN")
    }
    facts.memory = map?.memoryToDump ?? []
    facts.kernelImage = map?.kernelImage
    facts.firmware = try read { kernel throws(MachineError) in try kernel.firmwareMemory() }
    let regions = try read { kernel throws(MachineError) in try kernel.crashRegions(listedIn: map) }
    guard !regions.isEmpty || !given.exclude.isEmpty || map == nil else {
      throw Failure(
        .notOffered,
        "\(machine.root): no memory is set apart for a crash kernel\nboot with crashkernel=…, or say --exclude"
      )
    }
    facts.excluded =
      regions + (try read { kernel throws(MachineError) in try kernel.crashCMARanges() })
    if given.cpuNotes.isEmpty {
      facts.cpuNotes = try read { kernel throws(MachineError) in
        try kernel.cpuNotes().map(\.range)
      }
      let possible = try read { kernel throws(MachineError) in try kernel.possibleCPUCount() } ?? 0
      if possible > facts.cpuNotes.count {
        notes.append(
          "of \(possible) possible CPUs \(facts.cpuNotes.count) tell where their register notes are; "
            + "kernels since 6.6 describe all (--cpu-notes)")
      }
    }
    if given.vmcoreinfo == nil {
      facts.vmcoreinfoNote = try read { kernel throws(MachineError) in try kernel.vmcoreinfoNote() }
    }
    var core: KernelCore?
    do throws(MachineError) {
      core = try machine.core()
      if core == nil { notes.append("\(machine.corePath): no such file, or of a 32-bit kernel") }
      facts.byteOrder = core?.file.byteOrder ?? .little
      facts.coreSegments = core?.file.programHeaders ?? []
      facts.vmcoreinfo = core?.vmcoreinfo
    } catch {
      // The linear map and the kernel's place have other sources, or can be left out.
      notes.append("\(error)")
    }
    return (machine.architectureName(by: core), notes)
  }

  private func read<Value>(
    _ fact: (RunningKernel) throws(MachineError) -> Value
  ) throws(Failure) -> Value {
    do throws(MachineError) {
      return try fact(machine)
    } catch {
      throw Failure(error)
    }
  }
}

extension CrashFacts {
  /// What was given by hand takes the place of what the machine said.
  fileprivate mutating func take(_ given: CrashFactOptions) {
    if !given.ram.isEmpty { memory = given.ram }
    excluded += given.exclude
    if !given.cpuNotes.isEmpty { cpuNotes = given.cpuNotes }
    if let note = given.vmcoreinfo { vmcoreinfoNote = note }
    kernelText = given.kernelText
    linearMap = given.linearMap
    backup = given.backupAt
  }
}
