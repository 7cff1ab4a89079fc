// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import DeviceTree
import ELF
import Glibc
public import Kexec
import SystemPackage

extension RunningKernel {
  /// The machine with the given facts read; each file is read once.
  ///
  /// A fact that cannot be read is unknown, with the reason.
  public func snapshot(of parts: MachineSnapshot.Parts = []) -> MachineSnapshot {
    var machine = MachineSnapshot()
    machine.root = "\(root)"
    machine.read(parts)
    return machine
  }
}

extension MachineSnapshot {
  /// The machine's files.
  package var kernel: RunningKernel { RunningKernel(root: FilePath(root ?? "/")) }

  /// Reads facts that were not read yet; does nothing for a machine without a root.
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
    if new.contains(.flatTree) {
      hasLiveTree = kernel.hasLiveTree
      $flatTree = Fact(
        nil, in: kernel.flatTreePath, missing: kernel.kindOfMissingTree, try kernel.bootTree())
    }
    if new.contains(.liveTree) {
      $live = Fact(
        nil, in: kernel.liveTreePath, missing: kernel.kindOfMissingTree,
        try kernel.liveTree(orderedLike: $flatTree))
    }
    if new.contains(.pageTables) {
      $pageTables = Fact(
        nil, in: kernel.path("proc/cpuinfo"), try kernel.pageTableName().flatMap(PageTables.init))
    }
    if new.contains(.memory) { readMemory(of: kernel) }
    readProperties(new, of: kernel)
    if new.contains(.cpuNotes) {
      let folder = kernel.path("sys/devices/system/cpu")
      $cpuNotes = Fact([], in: folder, try kernel.cpuNotes())
      $possibleCPUCount = Fact(
        nil, in: folder.appending("possible"), try kernel.possibleCPUCount())
    }
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
    let (core, origin) = FactOrigin.read(
      nil, in: kernel.corePath, absence: "no such file, or of a 32-bit kernel", try kernel.core())
    $coreSegments = Fact(core?.file.programHeaders ?? [], origin)
    $vmcoreinfo = Fact(core?.vmcoreinfo, origin)
    $byteOrder = Fact(core?.file.byteOrder ?? .little, origin)
    $coreMachine = Fact(core?.file.machine, origin)
  }

  /// Architecture and page size: of this machine from the system; of a capture from `/proc/kcore` (the
  /// ELF header, and `PAGESIZE` of vmcoreinfo), else from the capture's own file.
  private mutating func readKernel(of kernel: RunningKernel) {
    guard !kernel.isLive else {
      $statedArchitecture = Fact(nil, in: "uname(2)", kernel.ownArchitecture)
      $architectureName = $statedArchitecture
      $pageSize = Fact(nil, in: "sysconf(3)", UInt64(sysconf(Int32(_SC_PAGESIZE))))
      return
    }
    let (stated, origin) = FactOrigin.read(
      nil, in: kernel.path(FilePath(Capture.factsPath)), try kernel.captureFile()?.facts)
    $statedArchitecture = Fact(stated?.architecture, origin)
    $architectureName = Fact(coreMachine?.nameOf64Bit(byteOrder), $coreMachine.origin)
      .or($statedArchitecture)
    $pageSize = Fact(vmcoreinfo?.pageSize, $vmcoreinfo.origin).or(Fact(stated?.pageSize, origin))
  }

  private mutating func readMemory(of kernel: RunningKernel) {
    let path = kernel.memoryMapPath
    let (map, origin) = FactOrigin.read(nil, in: path, try kernel.memoryMap())
    hasMemoryMap = map != nil
    $reserved = Fact(map?.reserved ?? [], origin)
    $crashRegions = Fact(map?.crashRegions ?? [], origin)
    $kernelImage = Fact(map?.kernelImage, origin)
    let nothing = FactOrigin.absent(
      map?.isHidden == true
        ? KexecError(
          .noPermission, "\(path): addresses are hidden; to read them takes CAP_SYS_ADMIN")
        : KexecError(.notOffered, "\(path): no System RAM"))
    let (memory, ram) = (map?.memoryToDump, map?.systemRAM)
    $memory = Fact(memory ?? [], memory?.isEmpty == true ? nothing : origin)
    $systemRAM = ram?.isEmpty == true ? Fact(nil, nothing) : Fact(ram, origin)
  }

  /// Facts from properties of the live tree. Crash kernels' memory is there on powerpc only.
  private mutating func readProperties(_ wanted: Parts, of kernel: RunningKernel) {
    let isInMap = !crashRegions.isEmpty || (try? $crashRegions.ifPresent) == nil
    let wantsRegions = wanted.contains(.crashRegions) && !isInMap
    guard wantsRegions || !wanted.isDisjoint(with: [.firmware, .kernelMemory]) else { return }
    // An archive has no files of properties.
    if kernel.isArchiveOfLiveTree { read(.liveTree) }
    let tree = liveTree
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
}

extension RunningKernel {
  /// The meaning of a missing tree: without the root, even the machine is missing.
  fileprivate var kindOfMissingTree: KexecError.Kind { exists ? .notOffered : .missingInput }
}

extension Machine {
  /// The architecture as `uname -m` names it on a 64-bit kernel; nil for an unknown one.
  fileprivate func nameOf64Bit(_ order: ByteOrder) -> String? {
    classes.contains(.bits64) ? names(order).first : nil
  }
}

extension FactOrigin {
  /// Reads what facts are taken from; a value equal to `nothing` is absent.
  fileprivate static func read<Value: Equatable>(
    _ nothing: Value, in path: FilePath, missing kind: KexecError.Kind? = nil,
    absence: String = "no such file", _ read: @autoclosure () throws(MachineError) -> Value
  ) -> (Value, FactOrigin) {
    do throws(MachineError) {
      let value = try read()
      guard value == nothing else { return (value, .source("\(path)")) }
      return (value, .absent(KexecError(.notOffered, "\(path): \(absence)")))
    } catch {
      if case .missing = error, let kind {
        return (nothing, .absent(KexecError(error, missing: kind)))
      }
      return (nothing, .unreadable(KexecError(error)))
    }
  }
}

extension Fact where Value: Equatable {
  /// Reads a fact.
  ///
  /// - Parameters:
  ///   - nothing: the value of an absent fact.
  ///   - path: the file with the fact.
  ///   - kind: the kind of failure for a missing file, if `read` throws that; nil for an unreadable fact.
  ///   - absence: the reason given for an absent fact.
  init(
    _ nothing: Value, in path: FilePath, missing kind: KexecError.Kind? = nil,
    absence: String = "no such file", _ read: @autoclosure () throws(MachineError) -> Value
  ) {
    let (value, origin) = FactOrigin.read(
      nothing, in: path, missing: kind, absence: absence, try read())
    self.init(value, origin)
  }

  /// This fact if it is known, else another one; an unreadable one of the two wins.
  func or<Wrapped>(_ other: Fact) -> Fact where Value == Wrapped? {
    switch (origin, other.origin) {
    case (.unreadable, _): self
    case (_, .unreadable): other
    default: value != nil ? self : other
    }
  }
}
