// SPDX-License-Identifier: Apache-2.0

import DeviceTree
public import Kexec
import PhysicalMemory
import RunningKernel

extension MachineSnapshot {
  /// The architecture of the running kernel; nil when it is not known, and for one that is not
  /// known here.
  ///
  /// - Throws: `KexecError` for a file that cannot be read.
  public mutating func readArchitecture() throws(KexecError) -> Architecture? {
    read(.kernel)
    return try $architectureName.ifPresent.flatMap(Architecture.init(named:))
  }

  /// Bytes in a page of the running kernel; nil when it is not known, also where `/proc/kcore` cannot be
  /// read.
  ///
  /// - Throws: `KexecError` for another file that cannot be read.
  public mutating func readPageSize() throws(KexecError) -> UInt64? {
    read(.kernel)
    if let failure = $pageSize.failure, failure == $coreSegments.failure { return nil }
    return try $pageSize.ifPresent
  }

  /// The command line of the running kernel without what is not for the next one.
  ///
  /// - Parameters:
  ///   - purpose: of the next kernel.
  ///   - architecture: the next kernel's, where it may be one that takes no tree.
  /// - Throws: `KexecError` where `/proc/cmdline` cannot be read.
  public mutating func readCommandLine(
    for purpose: Purpose, on architecture: Architecture? = nil
  ) throws(KexecError) -> KernelCommandLine {
    read(.commandLine)
    return KernelCommandLine(
      reusing: try $commandLine.unwrapped(), for: purpose, on: architecture)
  }

  /// Reads what memory there is and who uses it; of powerpc the live tree, too, how addresses are translated,
  /// and memory where `/proc/iomem` lists none. Every such machine has that tree; a capture may
  /// leave it out.
  ///
  /// - Parameter architecture: the kernels', if it is known.
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
