// SPDX-License-Identifier: Apache-2.0

import CrashCore
import DeviceTree
import ELF
import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage

/// This machine, or a captured one, in the words of Kexec: the two libraries do not know each other.
struct Machine {
  let kernel: RunningKernel

  init(root: String?) {
    kernel = RunningKernel(root: FilePath(root ?? "/"))
  }

  var status: Status { Status(of: kernel.root, isLive: kernel.isLive) }

  /// The architecture of the running kernel, and of the next one.
  func architecture() throws(Failure) -> Architecture {
    let name = try fact { kernel throws(MachineError) in try kernel.architectureName() }
    guard let architecture = name.flatMap(Architecture.init(named:)) else {
      throw Failure(.notOffered, "\(kernel.root): \(name ?? "what it is") is not known here")
    }
    return architecture
  }

  /// A tree to start from, and what has to be done to it before all else.
  typealias Base = (tree: DeviceTree, edits: [TreeEdit])

  /// The tree that the machine was booted with; on powerpc, where CPUs and memory come and go, the one that
  /// the kernel works with; nil where kexec hands none on.
  func tree() throws(Failure) -> Base? {
    let architecture = try architecture()
    guard architecture.takesTree else { return nil }
    guard !architecture.prefersLiveTree else { return (try liveTree(), [.removeLiveState]) }
    let blob = try fact { kernel throws(MachineError) in try kernel.flatTree() }
    do throws(DeviceTreeError) {
      return (try DeviceTree(blob: blob), [])
    } catch {
      throw Failure(error, in: "\(kernel.flatTreePath)")
    }
  }

  private func liveTree() throws(Failure) -> DeviceTree {
    try fact { kernel throws(MachineError) in try kernel.liveTree().tree }
  }

  /// The command line of the running kernel without what is not for the next one.
  func commandLine(forCrash: Bool) throws(Failure) -> KernelCommandLine {
    let bytes = try fact { kernel throws(MachineError) in try kernel.commandLine() }
    return KernelCommandLine(reusing: bytes, forCrash: forCrash, for: try architecture())
  }

  /// What memory there is, and who uses it.
  func memory() throws(Failure) -> MachineFacts {
    let (map, architecture) = (try memoryMap(), try architecture())
    return try fact { kernel throws(MachineError) in
      var facts = MachineFacts(
        pageSize: try kernel.pageSize(), systemRAM: map.systemRAM, reserved: map.reserved,
        crashRegions: try kernel.crashRegions(listedIn: map), kernelImage: map.kernelImage)
      if let core = try? kernel.core() { facts.byteOrder = core.file.byteOrder }
      guard architecture.prefersLiveTree else { return facts }
      facts.liveTree = try kernel.liveTree().tree
      facts.pageTables = try kernel.pageTableName().flatMap(MachineFacts.PageTables.init)
      return facts
    }
  }

  /// What the core header of a crash kernel is made of.
  func crashFacts() throws(Failure) -> CrashFacts {
    let map = try memoryMap()
    return try fact { kernel throws(MachineError) in
      var facts = CrashFacts()
      facts.memory = map.memoryToDump
      facts.excluded = try kernel.crashRegions(listedIn: map) + kernel.crashCMARanges()
      facts.firmware = try kernel.firmwareMemory()
      facts.cpuNotes = try kernel.cpuNotes().map(\.range)
      facts.vmcoreinfoNote = try kernel.vmcoreinfoNote()
      facts.kernelImage = map.kernelImage
      // A kernel that is locked down hides it; what it tells has other sources, or can be left out.
      if let core = try? kernel.core() {
        facts.byteOrder = core.file.byteOrder
        facts.coreSegments = core.file.programHeaders
        facts.vmcoreinfo = core.vmcoreinfo
      }
      return facts
    }
  }

  /// What a core header that was made earlier has to fit.
  func coreFacts() throws(Failure) -> CoreMachine {
    let facts = try crashFacts()
    return CoreMachine(
      byteOrder: facts.byteOrder, memory: PhysicalRangeSet(facts.memory),
      crashRegions: PhysicalRangeSet(facts.excluded), firmware: PhysicalRangeSet(facts.firmware),
      cpuNotes: facts.cpuNotes, absentCPUs: try absentCPUs(facts.cpuNotes.count),
      vmcoreinfo: facts.vmcoreinfoNote)
  }

  private func absentCPUs(_ present: Int) throws(Failure) -> Int {
    let possible = try fact { kernel throws(MachineError) in try kernel.possibleCPUCount() }
    return max(0, (possible ?? 0) - present)
  }

  private func memoryMap() throws(Failure) -> MemoryMap {
    let map = try fact { kernel throws(MachineError) in try kernel.memoryMap() }
    guard let map, !map.isHidden else {
      throw Failure(
        map == nil ? .notOffered : .noPermission,
        "\(kernel.memoryMapPath): tells no addresses\nto read them takes CAP_SYS_ADMIN")
    }
    return map
  }

  private func fact<Value>(
    _ read: (RunningKernel) throws(MachineError) -> Value
  ) throws(Failure) -> Value {
    do throws(MachineError) {
      return try read(kernel)
    } catch {
      throw Failure(error)
    }
  }
}
