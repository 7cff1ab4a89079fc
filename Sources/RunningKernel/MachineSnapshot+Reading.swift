// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import DeviceTree
import ELF
import Glibc
public import Kexec
import SystemPackage

extension RunningKernel {
  /// The machine, and what is wanted of it; each file is read once.
  ///
  /// What cannot be read is a fact that is missing, with its reason.
  public func snapshot(of wanted: MachineSnapshot.Parts = []) -> MachineSnapshot {
    var machine = MachineSnapshot()
    machine.root = "\(root)"
    machine.read(wanted)
    return machine
  }
}

extension MachineSnapshot {
  /// Where its files are.
  package var kernel: RunningKernel { RunningKernel(root: FilePath(root ?? "/")) }

  /// Reads what is wanted and was not read yet. Of a machine that is known by hand nothing is read.
  public mutating func read(_ wanted: Parts) {
    guard root != nil else { return }
    let kernel = kernel
    var new = wanted
    if new.contains(.kernel), !kernel.isLive { new.insert(.core) }
    if new.contains(.crashRegions) { new.insert(.memory) }
    if new.contains(.liveTree) { new.insert(.flatTree) }
    new.subtract(parts)
    parts.formUnion(new)

    if new.contains(.core) { readCore(of: kernel) }
    if new.contains(.kernel) { readKernel(of: kernel) }
    if new.contains(.commandLine) {
      $commandLine = Fact(
        nil, in: kernel.commandLinePath, missing: .missingInput, try kernel.commandLine())
    }
    if new.contains(.flatTree) { readFlatTree(of: kernel) }
    if new.contains(.liveTree) { readLiveTree(of: kernel) }
    if new.contains(.pageTables) {
      $pageTables = Fact(
        nil, in: kernel.path("proc/cpuinfo"), try kernel.pageTableName().flatMap(PageTables.init))
    }
    if new.contains(.memory) { readMemory(of: kernel) }
    readProperties(new, of: kernel)
    if new.contains(.cpuNotes) { readCPUNotes(of: kernel) }
    if new.contains(.crashCMARanges) {
      $crashCMARanges = Fact(
        [], in: kernel.path("sys/kernel/kexec/crash_cma_ranges"), try kernel.crashCMARanges())
    }
    if new.contains(.vmcoreinfoNote) {
      $vmcoreinfoNote = Fact(
        nil, in: kernel.path("sys/kernel/vmcoreinfo"), try kernel.vmcoreinfoNote())
    }
    if new.contains(.measurements) {
      $measurements = Fact(nil, in: kernel.measurementsPath, try kernel.measurements())
    }
  }

  private mutating func readCore(of kernel: RunningKernel) {
    let core = Fact<KernelCore?>(
      nil, in: kernel.corePath, absence: "no such file, or of a 32-bit kernel", try kernel.core())
    $coreSegments = core.map(nothing: []) { $0?.file.programHeaders ?? [] }
    $vmcoreinfo = core.map(nothing: nil) { $0?.vmcoreinfo }
    $byteOrder = core.map(nothing: .little) { $0?.file.byteOrder ?? .little }
    $coreMachine = core.map(nothing: nil) { $0?.file.machine }
  }

  /// Architecture and page size: by the system, or of a capture by `/proc/kcore`, then by the file that it
  /// begins with.
  private mutating func readKernel(of kernel: RunningKernel) {
    guard !kernel.isLive else {
      $statedArchitecture = Fact(nil, in: "uname(2)", kernel.ownArchitecture)
      $architectureName = $statedArchitecture
      $pageSize = Fact(nil, in: "sysconf(3)", UInt64(sysconf(Int32(_SC_PAGESIZE))))
      return
    }
    let stated = Fact<CaptureFacts?>(
      nil, in: kernel.path(FilePath(Capture.factsPath)), try kernel.captureFacts())
    $statedArchitecture = stated.map(nothing: nil) { $0?.architecture }
    let order = byteOrder
    $architectureName = $coreMachine.map(nothing: nil) { $0?.nameOf64Bit(order) }
      .or($statedArchitecture)
    $pageSize = $vmcoreinfo.map(nothing: nil) { $0?.pageSize }
      .or(stated.map(nothing: nil) { $0?.pageSize })
  }

  private mutating func readFlatTree(of kernel: RunningKernel) {
    hasLiveTree = kernel.hasLiveTree
    $flatTree = Fact(
      nil, in: kernel.flatTreePath, missing: kernel.kindOfMissingTree, try kernel.bootTree())
  }

  private mutating func readLiveTree(of kernel: RunningKernel) {
    let boot = $flatTree
    $live = Fact(
      nil, in: kernel.liveTreePath, missing: kernel.kindOfMissingTree,
      try kernel.liveTree(orderedLike: boot))
  }

  private mutating func readCPUNotes(of kernel: RunningKernel) {
    let folder = kernel.path("sys/devices/system/cpu")
    $cpuNotes = Fact([], in: folder, try kernel.cpuNotes().map(\.range))
    $possibleCPUCount = Fact(nil, in: folder.appending("possible"), try kernel.possibleCPUCount())
  }
}

// Memory.
extension MachineSnapshot {
  private mutating func readMemory(of kernel: RunningKernel) {
    let path = kernel.memoryMapPath
    let map = Fact<MemoryMap?>(nil, in: path, try kernel.memoryMap())
    hasMemoryMap = map.value != nil
    $reserved = map.map(nothing: []) { $0?.reserved ?? [] }
    $crashRegions = map.map(nothing: []) { $0?.crashRegions ?? [] }
    $kernelImage = map.map(nothing: nil) { $0?.kernelImage }
    let ram = map.map(nothing: []) { $0?.systemRAM ?? [] }
    let all = map.map(nothing: []) { $0?.memoryToDump ?? [] }
    let nothing = KexecError(
      map.value?.isHidden == true ? .noPermission : .notOffered,
      map.value?.isHidden == true
        ? "\(path): addresses are hidden; to read them takes CAP_SYS_ADMIN"
        : "\(path): no System RAM")
    $memory = all.isKnown && all.value.isEmpty ? Fact([], .absent(nothing)) : all
    $systemRAM =
      ram.isKnown && ram.value.isEmpty
      ? Fact(nil, .absent(nothing)) : ram.map(nothing: nil) { $0 }
  }

  /// What is in properties of the live tree. The memory set apart for crash kernels is there on powerpc only.
  private mutating func readProperties(_ wanted: Parts, of kernel: RunningKernel) {
    let isListed = !crashRegions.isEmpty || (try? $crashRegions.ifPresent) == nil
    let wantsRegions = wanted.contains(.crashRegions) && !isListed
    guard wantsRegions || !wanted.isDisjoint(with: [.firmware, .kernelMemory]) else { return }
    let tree = treeOfProperties(of: kernel)
    if wantsRegions {
      $crashRegions = Fact([], in: kernel.liveTreePath, try kernel.crashRegions(in: tree))
    }
    if wanted.contains(.firmware) {
      $firmware = Fact([], in: kernel.liveTreePath, try kernel.firmwareMemory(in: tree))
    }
    if wanted.contains(.kernelMemory) {
      $kernelMemory = Fact(nil, in: kernel.liveTreePath, try kernel.kernelMemory(in: tree))
    }
  }

  /// The live tree, if it was read already, or has no files of its properties; else nil.
  private mutating func treeOfProperties(of kernel: RunningKernel) -> DeviceTree? {
    if kernel.isArchiveOfLiveTree { read(.liveTree) }
    return liveTree
  }
}

extension RunningKernel {
  /// What it means that there is no tree: there may be no machine.
  fileprivate var kindOfMissingTree: KexecError.Kind { isThere ? .notOffered : .missingInput }
}

extension Machine {
  /// The architecture as `uname -m` names it on a 64-bit kernel; nil for one that is not known here.
  fileprivate func nameOf64Bit(_ order: ByteOrder) -> String? {
    classes.contains(.bits64) ? names(order).first : nil
  }
}
