// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import PhysicalMemory
package import SystemPackage

// Facts in `/sys` about a kernel's memory and its crash dumps.
extension RunningKernel {
  /// The files that a core header is made from, besides those of the memory and the kernel.
  package var crashPaths: [FilePath] {
    let folder = path("sys/devices/system/cpu")
    let processors = ((try? names(in: folder)) ?? []).filter { $0.hasPrefix("cpu") }
    return [
      path("sys/kernel/vmcoreinfo"), path("sys/kernel/kexec/crash_cma_ranges"),
      folder.appending("possible"),
    ]
      + processors.flatMap { name in
        ["crash_notes", "crash_notes_size"].map { folder.appending(name).appending($0) }
      }
  }

  /// The memory for the register notes of each CPU that has it, in order of the CPUs' numbers.
  ///
  /// From `/sys/devices/system/cpu/cpu*/crash_notes` (the address, hexadecimal, root only) and
  /// `crash_notes_size` (bytes, decimal); source: `drivers/base/cpu.c:crash_notes_show`. A CPU that is
  /// removed meanwhile is left out; a size of 0 is an error.
  package func cpuNotes() throws(MachineError) -> [PhysicalRange] {
    let folder = path("sys/devices/system/cpu")
    let numbers = try names(in: folder).compactMap { name in
      let number = name.hasPrefix("cpu") ? name.dropFirst(3).decimal.flatMap(Int.init) : nil
      // No kernel writes cpu01.
      return number.flatMap { name == "cpu\($0)" ? $0 : nil }
    }
    var notes: [PhysicalRange] = []
    for cpu in numbers.sorted() {
      if let note = try cpuNote(in: folder.appending("cpu\(cpu)")) { notes.append(note) }
    }
    return notes
  }

  private func cpuNote(in folder: FilePath) throws(MachineError) -> PhysicalRange? {
    let (file, sizeFile) = (folder.appending("crash_notes"), folder.appending("crash_notes_size"))
    let start = try value(in: file, whenNotPermitted: .isForRoot, \.hexadecimal)
    guard let start else { return nil }
    let range = try value(in: sizeFile) { text in
      text.decimal.flatMap { PhysicalRange(start: start, size: $0) }
    }
    if range == nil, try bytes(of: file) != nil { throw .missing(sizeFile, advice: nil) }
    return range
  }

  /// How many CPUs the kernel has room for, those included that may be plugged in later: the list
  /// `/sys/devices/system/cpu/possible`, such as `0-3,8`; nil when the kernel has none.
  package func possibleCPUCount() throws(MachineError) -> Int? {
    let file = path("sys/devices/system/cpu/possible")
    guard let text = try text(of: file) else { return nil }
    var count = 0
    for part in text.prefix(while: { $0 != "\n" }).split(
      separator: ",", omittingEmptySubsequences: false)
    {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(\.decimal)
      guard 1...2 ~= ends.count, let first = ends[0], let last = ends[ends.count - 1],
        first <= last, last < 1 << 20
      else { throw .malformedLine(file, line: 1, text: String(text.prefix(80))) }
      count += Int(last - first) + 1
    }
    return count
  }

  /// The memory of the vmcoreinfo note: `/sys/kernel/vmcoreinfo`; nil when the kernel has none.
  ///
  /// The file holds an address and a size, both hexadecimal, the second without `0x`:
  /// `kernel/ksysfs.c:vmcoreinfo_show`.
  package func vmcoreinfoNote() throws(MachineError) -> PhysicalRange? {
    try value(in: path("sys/kernel/vmcoreinfo")) { text in
      let words = text.split(separator: " ", omittingEmptySubsequences: false)
      guard words.count == 2, let start = words[0].prefixedHexadecimal,
        let size = words[1].hexadecimal
      else { return nil }
      return PhysicalRange(start: start, size: size)
    }
  }

  /// Memory that the running kernel uses until it crashes (`crashkernel=…,cma`), empty on most machines:
  /// `/sys/kernel/kexec/crash_cma_ranges`, lines `first-last`.
  package func crashCMARanges() throws(MachineError) -> [PhysicalRange] {
    let file = path("sys/kernel/kexec/crash_cma_ranges")
    guard let text = try text(of: file) else { return [] }
    var ranges: [PhysicalRange] = []
    for (index, line) in text.split(separator: "\n").enumerated() {
      let words = line.split(separator: "-", omittingEmptySubsequences: false)
      guard words.count == 2, let start = words[0].hexadecimal, let last = words[1].hexadecimal,
        let range = PhysicalRange(start: start, lastByte: last)
      else { throw .malformedLine(file, line: index + 1, text: String(line)) }
      ranges.append(range)
    }
    return ranges
  }

  /// The firmware's memory map, `/sys/firmware/memmap`, in the firmware's order; empty on other
  /// architectures than x86.
  ///
  /// It ignores `mem=` and `crashkernel=`: it shows what the machine has, and cannot be used for a dump. Each entry is a folder with `start`, `end` (the last byte) and `type`:
  /// `drivers/firmware/memmap.c`.
  package func firmwareMemoryMap() throws(MachineError) -> [FirmwareMemory] {
    let folder = path("sys/firmware/memmap")
    var map: [FirmwareMemory] = []
    for number in try names(in: folder).compactMap(\.decimal).sorted() {
      let entry = folder.appending("\(number)")
      func read<Value>(_ name: String, _ parse: (String) -> Value?) throws(MachineError) -> Value {
        let file = entry.appending(name)
        guard let value = try value(in: file, parse) else { throw .missing(file, advice: nil) }
        return value
      }
      let start = try read("start", \.prefixedHexadecimal)
      let last = try read("end", \.prefixedHexadecimal)
      let type = try read("type") { $0 }
      guard let range = PhysicalRange(start: start, lastByte: last) else {
        throw .malformedLine(entry.appending("end"), line: 1, text: hex(last))
      }
      map.append(FirmwareMemory(range: range, type: type))
    }
    return map
  }
}

/// An entry of the firmware's memory map.
package struct FirmwareMemory: Hashable, Sendable {
  package let range: PhysicalRange
  /// The use, in the words of ``MemoryMap``: `System RAM`, `Reserved`, `ACPI Tables`.
  package let type: String
}
