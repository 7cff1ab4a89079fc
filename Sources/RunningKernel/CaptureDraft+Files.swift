// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import SystemPackage

// Files that are saved as they are, for this package and for loaders that use it.
extension CaptureDraft {
  mutating func addFiles(measurements: Bool) {
    addMemoryMap()
    for path in ["proc/cmdline", "proc/version"] { addFile(path) }
    addFile("proc/cpuinfo", limit: RunningKernel.processorsLimit)
    addKexecFiles()
    addCPUs()
    addFirmwareMemory()
    if measurements { addMeasurements() }
  }

  /// Saves hidden addresses as they are, and lists the file.
  private mutating func addMemoryMap() {
    addFile("proc/iomem", limit: RunningKernel.memoryMapLimit)
    guard savedMemoryMap?.isHidden == true else { return }
    addUnread(
      "proc/iomem",
      because: Capture.Unread.notPermitted + ": its addresses are hidden without CAP_SYS_ADMIN")
  }

  /// The state of kexec and the memory for it: `kernel/kexec_core.c`, `kernel/ksysfs.c`.
  private mutating func addKexecFiles() {
    addFile("sys/kernel/vmcoreinfo")
    addFile("sys/kernel/crash_elfcorehdr_size")
    addFile("sys/kernel/security/lockdown")
    for folder in ["sys/kernel", "sys/kernel/kexec", "proc/sys/kernel"] {
      for name in names(in: folder) where folder.hasSuffix("/kexec") || name.hasPrefix("kexec_") {
        addFile("\(folder)/\(name)")
      }
    }
  }

  /// The CPUs and their register notes: `drivers/base/cpu.c`.
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

  private mutating func addMeasurements() {
    let path = "sys/kernel/security/ima/binary_runtime_measurements"
    save(path) { draft throws(MachineError) in
      if let list = try draft.machine.measurements() { draft.add(path, list) }
    }
  }

  /// The names in a folder of lower-case letters, digits and `_`, as the kernel makes them; an unreadable
  /// folder is listed.
  private mutating func names(in folder: String) -> [String] {
    var names: [String] = []
    save(folder) { draft throws(MachineError) in
      names = try draft.machine.names(in: draft.machine.path(FilePath(folder)))
    }
    return names.filter { name in
      name.utf8.allSatisfy("abcdefghijklmnopqrstuvwxyz0123456789_".utf8.contains)
    }
  }
}
