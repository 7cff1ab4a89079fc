// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import Kexec
import PhysicalMemory
import RunningKernel

// What a machine says of its memory, in the words of Kexec.
extension MachineFacts {
  /// The facts of a machine, and why its memory is not known.
  static func facts(
    of machine: RunningKernel, pageSize: UInt64?
  ) throws(Failure) -> (MachineFacts, note: String?) {
    do throws(MachineError) {
      let map = try machine.memoryMap()
      let ram = map?.systemRAM ?? []
      var facts = MachineFacts(
        pageSize: pageSize, systemRAM: ram.isEmpty ? nil : ram, reserved: map?.reserved ?? [],
        crashRegions: try machine.crashRegions(listedIn: map), kernelImage: map?.kernelImage)
      // Before the kernel says so, it is little-endian: the trampoline alone asks.
      facts.byteOrder = (try? machine.core())??.file.byteOrder ?? .little
      return (facts, ram.isEmpty ? machine.noteOfMissingMemory(map) : nil)
    } catch {
      throw Failure(error)
    }
  }
}

extension RunningKernel {
  fileprivate func noteOfMissingMemory(_ map: MemoryMap?) -> String {
    guard let map else { return "\(memoryMapPath): no such file" }
    return map.isHidden
      ? "\(memoryMapPath): addresses are hidden; to read them takes CAP_SYS_ADMIN"
      : "\(memoryMapPath): no System RAM"
  }
}
