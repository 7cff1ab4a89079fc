// SPDX-License-Identifier: Apache-2.0

import DeviceTree
public import Kexec
import PhysicalMemory
import RunningKernel
import SystemPackage

extension MachineSnapshot {
  /// The architecture of the running kernel; nil for an unknown one.
  ///
  /// - Throws: `KexecError` for a file that cannot be read.
  public mutating func readArchitecture() throws(KexecError) -> Architecture? {
    read(.kernel)
    return try $architectureName.ifPresent.flatMap(Architecture.init(named:))
  }

  /// The page size of the running kernel in bytes; nil when it is not known, as where `/proc/kcore` cannot be
  /// read.
  ///
  /// - Throws: `KexecError` for another file that cannot be read.
  public mutating func readPageSize() throws(KexecError) -> UInt64? {
    read(.kernel)
    if let failure = $pageSize.failure, failure == $coreSegments.failure { return nil }
    return try $pageSize.ifPresent
  }

  /// The command line of the running kernel without the words that only it needs.
  ///
  /// - Parameter architecture: the next kernel's, where it may be one that takes no tree.
  /// - Throws: `KexecError` where `/proc/cmdline` cannot be read.
  public mutating func readCommandLine(
    for purpose: Purpose, on architecture: Architecture? = nil
  ) throws(KexecError) -> KernelCommandLine {
    read(.commandLine)
    return KernelCommandLine(
      reusing: try $commandLine.unwrapped(), for: purpose, on: architecture)
  }

  /// Reads the memory and its users; on powerpc also the live tree, the page tables, and memory from the tree
  /// where `/proc/iomem` lists none. Every such machine has that tree, but not every capture.
  ///
  /// - Throws: `KexecError` for a file that cannot be read. Memory that is hidden is no error here.
  public mutating func readMemory(for architecture: Architecture?) throws(KexecError) {
    let isPowerPC = architecture?.prefersLiveTree == true
    if isPowerPC { read([.pageTables, .liveTree]) }
    read([.memory, .crashRegions])
    _ = (try $memory.ifPresent, try $crashRegions.ifPresent)
    guard isPowerPC else { return }
    _ = try $pageTables.ifPresent
    let live = try $live.ifPresent
    if systemRAM == nil, let live, let ram = live.tree.memoryOfPowerPC {
      $systemRAM = Fact(ram, from: live.path)
    }
  }
}

extension DeviceTree {
  /// RAM by a live tree of powerpc; nil when that has none.
  var memoryOfPowerPC: [PhysicalRange]? {
    guard let ram = try? TreeMemory(of: self, for: .ppc64).ram, !ram.isEmpty else { return nil }
    return ram.sorted()
  }
}

extension MachineSnapshot {
  /// The machine's tree: the requested one, else the flat one; the live one on powerpc, where the flat one is
  /// not kept up to date, and where there is no flat one.
  ///
  /// - Throws: `KexecError`; `KexecError.Kind.notOffered` for a machine without a tree.
  public mutating func readTree(_ origin: TreeOrigin? = nil) throws(KexecError) -> TreeFile {
    read(.flatTree)
    if let reason = reasonForLiveTree(origin) {
      read(.liveTree)
      return TreeFile(try $live.unwrapped(), because: reason)
    }
    return TreeFile(blob: try $flatTree.unwrapped(), named: "\(kernel.flatTreePath)")
  }

  /// The reason to use the live tree; nil for the flat one.
  private func reasonForLiveTree(_ origin: TreeOrigin?) -> String? {
    switch origin {
    case .flat: return nil
    case .live: return "requested"
    case nil: break
    }
    guard hasLiveTree else { return nil }
    switch $flatTree.origin {
    case .absent: return "there is no \(kernel.flatTreePath)"
    case .source(let path):
      return flatTree.flatMap { Architecture(describedBy: $0) }?.prefersLiveTree == true
        ? "on powerpc \(path) is as old as the boot" : nil
    case .notRead, .unreadable: return nil
    }
  }
}
