// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Kexec
import PhysicalMemory
import RunningKernel

// What a machine says of its memory, in the words of Kexec.
extension MachineFacts {
  /// The facts of a machine, and why its memory is not known.
  ///
  /// - Parameter map: its `/proc/iomem`.
  static func facts(
    of machine: RunningKernel, listedIn map: MemoryMap?, pageSize: UInt64?
  ) throws(Failure) -> (MachineFacts, note: String?) {
    do throws(MachineError) {
      let ram = map?.systemRAM ?? []
      let facts = MachineFacts(
        pageSize: pageSize, systemRAM: ram.isEmpty ? nil : ram, reserved: map?.reserved ?? [],
        crashRegions: try machine.crashRegions(listedIn: map), kernelImage: map?.kernelImage)
      return (facts, ram.isEmpty ? machine.noteOfMissingMemory(map) : nil)
    } catch {
      throw Failure(error)
    }
  }
}

extension MachineFacts {
  /// What only powerpc asks for: the live tree, and how addresses are translated; and its memory, where
  /// `/proc/iomem` does not tell of any. Every such machine has that tree; a capture may leave it out.
  mutating func learnPowerPC(of machine: RunningKernel) throws(Failure) {
    do throws(MachineError) {
      pageTables = try machine.pageTableName().flatMap(PageTables.init)
      let tree = try machine.liveTree().tree
      liveTree = tree
      systemRAM = systemRAM ?? tree.memoryOfPowerPC
    } catch .missing {
      return
    } catch {
      throw Failure(error)
    }
  }
}

extension DeviceTree {
  /// RAM by a live tree of powerpc; nil when it does not tell.
  var memoryOfPowerPC: [PhysicalRange]? {
    guard let ram = try? TreeMemory(of: self, for: .ppc64).ram, !ram.isEmpty else { return nil }
    return ram.sorted()
  }
}

extension RunningKernel {
  /// `/proc/iomem`; nil when there is no such file.
  func readMemoryMap() throws(Failure) -> MemoryMap? {
    do throws(MachineError) {
      return try memoryMap()
    } catch {
      throw Failure(error)
    }
  }

  fileprivate func noteOfMissingMemory(_ map: MemoryMap?) -> String {
    guard let map else { return "\(memoryMapPath): no such file" }
    return map.isHidden
      ? "\(memoryMapPath): addresses are hidden; to read them takes CAP_SYS_ADMIN"
      : "\(memoryMapPath): no System RAM"
  }
}
