// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import ELF
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage

/// A machine that may crash: here RunningKernel and the core headers of Kexec meet.
struct CrashSource {
  let machine: RunningKernel
  /// Its `/proc/iomem`.
  let map: MemoryMap?

  /// What the machine says, the name of its architecture, and what could not be learned. What was
  /// given by hand is not looked for.
  func facts(
    _ given: CrashFactOptions
  ) throws(Failure) -> (CrashFacts, name: String?, notes: [String]) {
    var facts = CrashFacts()
    var notes: [String] = []
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
    let name = machine.architectureName(by: core)
    if map == nil, name.flatMap(Architecture.init(named:)) == .ppc64 {
      facts.memory = try read { kernel throws(MachineError) in
        try kernel.liveTree().tree.memoryOfPowerPC ?? []
      }
    }
    return (facts, name, notes)
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
  mutating func take(_ given: CrashFactOptions) {
    if !given.ram.isEmpty { memory = given.ram }
    excluded += given.exclude
    if !given.cpuNotes.isEmpty { cpuNotes = given.cpuNotes }
    if let note = given.vmcoreinfo { vmcoreinfoNote = note }
    kernelText = given.kernelText
    linearMap = given.linearMap
    backup = given.backupAt
  }
}
