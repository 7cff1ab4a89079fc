// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage

// What a machine says, in the words of CrashCore: here RunningKernel and the check meet.
extension CoreMachine {
  /// The facts of a machine, live or captured; those that it does not tell are not compared.
  ///
  /// - Throws: ``Failure`` when it does not tell of its memory, which most of the check is about.
  init(of machine: RunningKernel) throws(Failure) {
    guard FileStatus(machine.root.string) != nil else {
      throw Failure(.missingInput, "\(machine.root): no such file")
    }
    let map: MemoryMap?
    do throws(MachineError) {
      map = try machine.memoryMap()
      try self.init(of: machine, map)
    } catch {
      throw Failure(error)
    }
    guard map?.isHidden != true else {
      throw Failure(
        .noPermission,
        "\(machine.memoryMapPath): addresses are hidden\nto read them takes CAP_SYS_ADMIN")
    }
    guard memory != nil else {
      throw Failure(
        .notOffered,
        "\(machine.memoryMapPath): tells of no memory\nwithout --root a header is checked alone")
    }
  }

  private init(of machine: RunningKernel, _ map: MemoryMap?) throws(MachineError) {
    self.init()
    guard let map, !map.isHidden else { return }
    let ram = map.memoryToDump
    memory = ram.isEmpty ? nil : PhysicalRangeSet(ram)
    // Without a region, where it is may just not be told: nothing is missing then.
    let regions = try machine.crashRegions(listedIn: map)
    if !regions.isEmpty {
      crashRegions = PhysicalRangeSet(regions + (try machine.crashCMARanges()))
    }
    firmware = PhysicalRangeSet(try machine.firmwareMemory())
    let notes = try machine.cpuNotes().map(\.range)
    cpuNotes = notes.isEmpty ? nil : notes
    absentCPUs = max(0, (try machine.possibleCPUCount() ?? 0) - notes.count)
    vmcoreinfo = try machine.vmcoreinfoNote()
    learnKernel(of: machine, map)
  }

  /// From `/proc/kcore`, or the system; one that cannot be read, or contradicts itself, tells nothing.
  private mutating func learnKernel(of machine: RunningKernel, _ map: MemoryMap) {
    let core = (try? machine.core()) ?? nil
    byteOrder = core?.file.byteOrder
    self.machine = core?.file.machine
    guard let name = (try? machine.architectureName()) ?? nil,
      let architecture = Architecture(named: name)
    else { return }
    self.machine = self.machine ?? architecture.coreRules?.machine
    var facts = CrashFacts()
    facts.coreSegments = core?.file.programHeaders ?? []
    facts.vmcoreinfo = core?.vmcoreinfo
    facts.kernelImage = map.kernelImage
    let layout = try? KernelLayout(of: facts, on: architecture)
    linearMap = layout?.linearMap
    kernelMap = layout?.text?.offsetOfMap
  }
}
