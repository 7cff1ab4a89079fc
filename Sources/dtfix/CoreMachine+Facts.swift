// SPDX-License-Identifier: Apache-2.0

import CrashCore
import ELF
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage

// What a machine says, in the words of CrashCore: here RunningKernel and the check meet.
extension CoreMachine {
  /// The facts of a machine, live or captured, and what it does not tell, which is not compared.
  ///
  /// - Parameter map: its `/proc/iomem`.
  static func facts(
    of machine: RunningKernel, listedIn map: MemoryMap
  ) throws(Failure) -> (CoreMachine, notes: [String]) {
    do throws(MachineError) {
      var facts = CoreMachine()
      let notes =
        try facts.learnMemory(of: machine, map) + facts.learnNotes(of: machine)
        + facts.learnKernel(of: machine, map)
      return (facts, notes)
    } catch {
      throw Failure(error)
    }
  }

  /// A machine's `/proc/iomem`.
  ///
  /// - Throws: ``Failure`` when it does not tell of memory, which most of the check is about.
  static func memoryMap(of machine: RunningKernel) throws(Failure) -> MemoryMap {
    guard FileStatus(machine.root.string) != nil else {
      throw Failure(.missingInput, "\(machine.root): no such file")
    }
    let map = try machine.readMemoryMap()
    guard map?.isHidden != true else {
      throw Failure(
        .noPermission,
        "\(machine.memoryMapPath): addresses are hidden\nto read them takes CAP_SYS_ADMIN")
    }
    guard let map, !map.memoryToDump.isEmpty else {
      throw Failure(
        .notOffered,
        "\(machine.memoryMapPath): tells of no memory\nwithout --root a header is checked alone")
    }
    return map
  }

  private mutating func learnMemory(
    of machine: RunningKernel, _ map: MemoryMap
  ) throws(MachineError) -> [String] {
    memory = PhysicalRangeSet(map.memoryToDump)
    firmware = PhysicalRangeSet(try machine.firmwareMemory())
    let regions = try machine.crashRegions(listedIn: map)
    guard !regions.isEmpty else {
      return ["no memory is set apart for a crash kernel: missing memory is not looked for"]
    }
    crashRegions = PhysicalRangeSet(regions + (try machine.crashCMARanges()))
    return []
  }

  private mutating func learnNotes(of machine: RunningKernel) throws(MachineError) -> [String] {
    let notes = try machine.cpuNotes().map(\.range)
    cpuNotes = notes.isEmpty ? nil : notes
    absentCPUs = max(0, (try machine.possibleCPUCount() ?? 0) - notes.count)
    vmcoreinfo = try machine.vmcoreinfoNote()
    return (notes.isEmpty ? ["no register notes are told of: they are not compared"] : [])
      + (vmcoreinfo == nil ? ["no vmcoreinfo note is told of: it is not compared"] : [])
  }

  /// The architecture, from `/proc/kcore` or the system, and the kernel's layout.
  private mutating func learnKernel(of machine: RunningKernel, _ map: MemoryMap) -> [String] {
    var notes: [String] = []
    var core: KernelCore?
    do throws(MachineError) {
      core = try machine.core()
      if core == nil { notes.append("\(machine.corePath): no such file, or of a 32-bit kernel") }
    } catch {
      notes.append("\(error)")
    }
    byteOrder = core?.file.byteOrder
    self.machine = core?.file.machine
    if let architecture = machine.architectureName(by: core).flatMap(Architecture.init(named:)) {
      self.machine = self.machine ?? architecture.coreRules?.machine
      var facts = CrashFacts()
      facts.coreSegments = core?.file.programHeaders ?? []
      facts.vmcoreinfo = core?.vmcoreinfo
      facts.kernelImage = map.kernelImage
      do throws(PlanError) {
        let layout = try KernelLayout(of: facts, on: architecture)
        (linearMap, kernelText) = (layout.linearMap, layout.text)
      } catch {
        notes.append("\(error)")
      }
    }
    return linearMap == nil ? notes + ["the linear map is not known: it is not compared"] : notes
  }
}
