// SPDX-License-Identifier: Apache-2.0

import DeviceTree
public import Kexec
import PhysicalMemory
public import RunningKernel

// What a machine says of its memory, in the words of Kexec.
extension SourceMachine {
  /// `/proc/iomem`; nil when there is no such file.
  ///
  /// - Throws: ``KexecError`` for one that cannot be read.
  public func memoryMap() throws(KexecError) -> MemoryMap? {
    try fact { kernel throws(MachineError) in try kernel.memoryMap() }
  }

  /// Bytes in a page of the running kernel; nil when the machine does not tell.
  ///
  /// - Throws: ``KexecError``, as `RunningKernel.pageSize()`.
  public func pageSize() throws(KexecError) -> UInt64? {
    try fact { kernel throws(MachineError) in try kernel.pageSize() }
  }

  /// What memory there is and who uses it, and why it is not known.
  ///
  /// - Parameters:
  ///   - map: what ``memoryMap()`` gave.
  ///   - pageSize: bytes in a page of the running kernel; nil when that is not known.
  ///   - architecture: the kernels', if it is known; of powerpc there is more to know.
  /// - Throws: ``KexecError`` for a file that cannot be read. Memory that is hidden is no error here.
  public func facts(
    listedIn map: MemoryMap?, pageSize: UInt64?, for architecture: Architecture?
  ) throws(KexecError) -> (facts: MachineSnapshot, missing: KexecError?) {
    let ram = map?.systemRAM ?? []
    var facts = MachineSnapshot(
      pageSize: pageSize, systemRAM: ram.isEmpty ? nil : ram, reserved: map?.reserved ?? [],
      crashRegions: try fact { kernel throws(MachineError) in
        try kernel.crashRegions(listedIn: map)
      },
      kernelImage: map?.kernelImage)
    if architecture?.prefersLiveTree == true { try learnPowerPC(&facts) }
    return (facts, ram.isEmpty ? missingMemory(map) : nil)
  }

  /// What only powerpc asks for: the live tree, and how addresses are translated; and its memory, where
  /// `/proc/iomem` does not tell of any. Every such machine has that tree; a capture may leave it out.
  private func learnPowerPC(_ facts: inout MachineSnapshot) throws(KexecError) {
    do throws(MachineError) {
      facts.pageTables = try kernel.pageTableName().flatMap(MachineSnapshot.PageTables.init)
      let tree = try kernel.liveTree().tree
      facts.liveTree = tree
      facts.systemRAM = facts.systemRAM ?? tree.memoryOfPowerPC
    } catch .missing {
      return
    } catch {
      throw KexecError(error)
    }
  }

  private func missingMemory(_ map: MemoryMap?) -> KexecError {
    let path = kernel.memoryMapPath
    guard let map else { return KexecError(.notOffered, "\(path): no such file") }
    return map.isHidden
      ? KexecError(
        .noPermission, "\(path): addresses are hidden; to read them takes CAP_SYS_ADMIN")
      : KexecError(.notOffered, "\(path): no System RAM")
  }
}

extension DeviceTree {
  /// RAM by a live tree of powerpc; nil when it does not tell.
  var memoryOfPowerPC: [PhysicalRange]? {
    guard let ram = try? TreeMemory(of: self, for: .ppc64).ram, !ram.isEmpty else { return nil }
    return ram.sorted()
  }
}
