// SPDX-License-Identifier: Apache-2.0

import Kexec
import Loading
import MemoryPicture
import PhysicalMemory
import RunningKernel
import SystemPackage

// What a machine says of its memory, as a picture: here RunningKernel and MemoryPicture meet.
extension MachineOptions {
  /// The kernel's view of memory, with a plan's segments in it; and the firmware's, where it has one.
  func pictures(
    with segments: [MemoryPicture.Item] = []
  ) throws(Failure) -> [MemoryPicture] {
    let (kernel, firmware) = (try kernelItems(), try firmwareItems())
    let title = "Memory of \(name)"
    let picture = MemoryPicture(kernel + segments, title: title)
    guard !firmware.isEmpty else { return [picture] }
    return [picture, MemoryPicture(firmware, title: "\(title), as its firmware describes it")]
  }

  /// The file that the picture is drawn from.
  var memoryMapPath: String { machine.memoryMapPath.string }

  /// What people call it: a captured machine by its folder.
  private var name: String {
    let folder = machine.isLive ? nil : machine.root.lexicallyNormalized().lastComponent
    return folder?.string ?? "this machine"
  }

  private func kernelItems() throws(Failure) -> [MemoryPicture.Item] {
    let facts = machine.snapshot(of: [.memory, .crashRegions, .firmware, .kernelMemory])
    return try failing { () throws(KexecError) in
      _ = try facts.$memory.ifPresent
      let others: [MemoryPicture.Item] =
        try facts.$crashRegions.ifPresent.map { .init("Crash kernel", $0, .crash) }
        + facts.$firmware.ifPresent.map { .init("firmware", $0, .reserved) }
        + [facts.$kernelMemory.ifPresent].compactMap { $0 }.map {
          .init("running kernel", $0, .kernel)
        }
      if let failure = facts.$systemRAM.failure {
        throw facts.hasMemoryMap ? failure : KexecError(.missingInput, failure.text)
      }
      return facts.items + others
    }
  }

  private func firmwareItems() throws(Failure) -> [MemoryPicture.Item] {
    do throws(MachineError) {
      return try machine.firmwareMemoryMap().map {
        MemoryPicture.Item($0.type, $0.range, $0.kind)
      }
    } catch {
      throw Failure(error)
    }
  }
}

extension MachineSnapshot {
  /// Memory, what is reserved and the kernel; devices are left out.
  fileprivate var items: [MemoryPicture.Item] {
    let kernel = kernelImage.map { [MemoryPicture.Item("running kernel", $0, .kernel)] } ?? []
    let ram = systemRAM ?? []
    return ram.map { MemoryPicture.Item("System RAM", $0, .ram) }
      + Set(memory).subtracting(ram).map {
        MemoryPicture.Item("System RAM (driver)", $0, .driverRAM)
      }
      + reserved.map { MemoryPicture.Item("reserved", $0, .reserved) } + kernel
  }
}

extension FirmwareMemory {
  /// The words are those of `arch/x86/kernel/e820.c:e820_type_to_string`.
  fileprivate var kind: MemoryPicture.Kind {
    switch type {
    case "System RAM": .ram
    case "Reserved", "Unusable memory", "Soft Reserved": .reserved
    default: .other
    }
  }
}
