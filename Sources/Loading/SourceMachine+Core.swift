// SPDX-License-Identifier: Apache-2.0

public import CrashCore
import ELF
public import Kexec
import PhysicalMemory
public import RunningKernel

// What a machine says, in the words of CrashCore: what a core header is compared with.
extension SourceMachine {
  /// What a core header that was made earlier has to fit, and what the machine does not tell, which is not
  /// compared.
  ///
  /// - Parameter map: what ``memoryMap()`` gave.
  /// - Throws: ``KexecError`` for a file that cannot be read.
  public func coreMachine(
    listedIn map: MemoryMap
  ) throws(KexecError) -> (machine: CoreMachine, notes: [String]) {
    do throws(MachineError) {
      var facts = CoreMachine()
      let notes =
        try facts.learnMemory(of: kernel, map) + facts.learnNotes(of: kernel)
        + facts.learnKernel(of: self, map)
      return (facts, notes)
    } catch {
      throw KexecError(error)
    }
  }
}

extension CoreMachine {
  fileprivate mutating func learnMemory(
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

  fileprivate mutating func learnNotes(
    of machine: RunningKernel
  ) throws(MachineError) -> [String] {
    let notes = try machine.cpuNotes().map(\.range)
    cpuNotes = notes.isEmpty ? nil : notes
    absentCPUs = max(0, (try machine.possibleCPUCount() ?? 0) - notes.count)
    vmcoreinfo = try machine.vmcoreinfoNote()
    return (notes.isEmpty ? ["no register notes are told of: they are not compared"] : [])
      + (vmcoreinfo == nil ? ["no vmcoreinfo note is told of: it is not compared"] : [])
  }

  /// The architecture, from `/proc/kcore` or the system, and the kernel's layout.
  fileprivate mutating func learnKernel(
    of machine: SourceMachine, _ map: MemoryMap
  ) -> [String] {
    var notes: [String] = []
    let core = machine.learnedCore(&notes)
    byteOrder = core?.file.byteOrder
    self.machine = core?.file.machine
    let name = (try? machine.kernel.architectureName(by: core)) ?? nil
    if let architecture = name.flatMap(Architecture.init(named:)) {
      self.machine = self.machine ?? architecture.machine
      var facts = MachineSnapshot()
      facts.coreSegments = core?.file.programHeaders ?? []
      facts.vmcoreinfo = core?.vmcoreinfo
      facts.kernelImage = map.kernelImage
      do throws(KexecError) {
        let layout = try KernelLayout(of: facts, on: architecture)
        (linearMap, kernelText) = (layout.linearMap, layout.text)
      } catch {
        notes.append("\(error)")
      }
    }
    return linearMap == nil ? notes + ["the linear map is not known: it is not compared"] : notes
  }
}
