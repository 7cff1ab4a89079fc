// SPDX-License-Identifier: Apache-2.0

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
  /// What only powerpc asks for: the live tree, and how addresses are translated. One of 64 bits is always
  /// there; a capture may leave it out.
  mutating func learnPowerPC(of machine: RunningKernel) throws(Failure) {
    do throws(MachineError) {
      liveTree = try machine.liveTree().tree
      pageTables = try machine.pageTableName().flatMap(PageTables.init)
    } catch .missing {
      return
    } catch {
      throw Failure(error)
    }
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
