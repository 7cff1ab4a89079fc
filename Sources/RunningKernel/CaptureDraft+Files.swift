// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import SystemPackage

// What is saved as it is: whatever this package, or a loader on top of it, reads of a machine.
extension CaptureDraft {
  mutating func addFiles(measurements: Bool) {
    addMemoryMap()
    for path in ["proc/cmdline", "proc/version"] { addFile(path) }
    addFile("proc/cpuinfo", limit: 16 << 20)
    addKexecFiles()
    addCPUs()
    addFirmwareMemory()
    if measurements { addMeasurements() }
  }

  /// The kernel prints zeros for those whom it does not trust: better than nothing, and told.
  private mutating func addMemoryMap() {
    addFile("proc/iomem", limit: RunningKernel.memoryMapLimit)
    guard savedMemoryMap?.isHidden == true else { return }
    addUnread(
      "proc/iomem",
      because: Capture.Unread.notPermitted + ": its addresses are hidden without CAP_SYS_ADMIN")
  }

  /// What is loaded, what may be loaded, and the memory for it: `kernel/kexec_core.c`, `kernel/ksysfs.c`.
  private mutating func addKexecFiles() {
    addFile("sys/kernel/vmcoreinfo")
    addFile("sys/kernel/crash_elfcorehdr_size")
    addFile("sys/kernel/security/lockdown")
    for folder in ["sys/kernel", "sys/kernel/kexec", "proc/sys/kernel"] {
      addFiles(in: folder) { name in folder.hasSuffix("/kexec") || name.hasPrefix("kexec_") }
    }
  }

  /// Which CPUs there are, and where the kernel writes their registers: `drivers/base/cpu.c`.
  private mutating func addCPUs() {
    let folder = "sys/devices/system/cpu"
    for name in ["possible", "present", "online", "crash_hotplug"] { addFile("\(folder)/\(name)") }
    for name in names(in: folder) where name.hasPrefix("cpu") {
      guard name.dropFirst(3).decimal != nil else { continue }
      for file in ["crash_notes", "crash_notes_size"] { addFile("\(folder)/\(name)/\(file)") }
    }
  }

  /// `drivers/firmware/memmap.c`.
  private mutating func addFirmwareMemory() {
    let folder = "sys/firmware/memmap"
    for name in names(in: folder) where name.decimal != nil {
      for file in ["start", "end", "type"] { addFile("\(folder)/\(name)/\(file)") }
    }
  }

  /// What IMA measured, once it no longer grows.
  private mutating func addMeasurements() {
    let path = "sys/kernel/security/ima/binary_runtime_measurements"
    do throws(MachineError) {
      if let list = try machine.measurements() { add(path, list) }
    } catch {
      addUnread(path, error)
    }
  }

  private mutating func addFiles(in folder: String, where isWanted: (String) -> Bool) {
    for name in names(in: folder) where isWanted(name) { addFile("\(folder)/\(name)") }
  }

  /// The names in a folder that a kernel can have made; none, and why, when it cannot be read.
  private mutating func names(in folder: String) -> [String] {
    do throws(MachineError) {
      return try machine.names(in: machine.path(FilePath(folder))).filter { name in
        name.utf8.allSatisfy(\.isInNameOfKernel)
      }
    } catch {
      addUnread(folder, error)
      return []
    }
  }
}

extension UInt8 {
  /// Lower-case letters, digits and `_`.
  fileprivate var isInNameOfKernel: Bool {
    UInt8(ascii: "a")...UInt8(ascii: "z") ~= self || UInt8(ascii: "0")...UInt8(ascii: "9") ~= self
      || self == UInt8(ascii: "_")
  }
}
