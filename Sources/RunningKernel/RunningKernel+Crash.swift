// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import PhysicalMemory
package import SystemPackage

/// What a kernel tells those who prepare for its crash.
extension RunningKernel {
  /// The register notes of a CPU.
  public struct CPUNote: Hashable, Sendable {
    /// The number N of `cpuN`.
    public let cpu: Int
    /// The memory that the CPU's registers are written to when the kernel crashes.
    public let range: PhysicalRange
  }

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

  /// The register notes of all CPUs that have them, in order of their numbers.
  ///
  /// From `/sys/devices/system/cpu/cpu*/crash_notes` (the address, hexadecimal, root only) and
  /// `crash_notes_size` (bytes, decimal); source: `drivers/base/cpu.c:crash_notes_show`. A CPU that
  /// goes away while it is read is left out.
  ///
  /// - Throws: ``MachineError/malformedLine(_:line:text:)``, also for a size of 0, and
  ///   ``MachineError/notPermitted(_:advice:)``.
  public func cpuNotes() throws(MachineError) -> [CPUNote] {
    let folder = path("sys/devices/system/cpu")
    let numbers = try names(in: folder).compactMap { name in
      let number = name.hasPrefix("cpu") ? name.dropFirst(3).decimal.flatMap(Int.init) : nil
      // No kernel writes cpu01.
      return number.flatMap { name == "cpu\($0)" ? $0 : nil }
    }
    var notes: [CPUNote] = []
    for cpu in numbers.sorted() {
      guard let range = try cpuNote(in: folder.appending("cpu\(cpu)")) else { continue }
      notes.append(CPUNote(cpu: cpu, range: range))
    }
    return notes
  }

  private func cpuNote(in folder: FilePath) throws(MachineError) -> PhysicalRange? {
    let (place, sizePlace) = (folder.appending("crash_notes"), folder.appending("crash_notes_size"))
    guard let text = try line(of: place, whenNotPermitted: .notesAreForRoot) else { return nil }
    guard let sizeText = try line(of: sizePlace) else {
      // Both went away with their CPU, or a kernel has one without the other.
      if try line(of: place) == nil { return nil }
      throw .missing(sizePlace, advice: nil)
    }
    guard let start = text.hexadecimal else { throw .malformedLine(place, line: 1, text: text) }
    guard let size = sizeText.decimal, let range = PhysicalRange(start: start, size: size) else {
      throw .malformedLine(sizePlace, line: 1, text: sizeText)
    }
    return range
  }

  /// How many CPUs the kernel has room for, those included that may be plugged in later: the list
  /// `/sys/devices/system/cpu/possible`, such as `0-3,8`; nil when the kernel has none.
  ///
  /// - Throws: ``MachineError/malformedLine(_:line:text:)``.
  public func possibleCPUCount() throws(MachineError) -> Int? {
    let place = path("sys/devices/system/cpu/possible")
    guard let text = try text(of: place) else { return nil }
    var count = 0
    for part in text.prefix(while: { $0 != "\n" }).split(
      separator: ",", omittingEmptySubsequences: false)
    {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map(\.decimal)
      guard 1...2 ~= ends.count, let first = ends[0], let last = ends[ends.count - 1],
        first <= last, last < 1 << 20
      else { throw .malformedLine(place, line: 1, text: String(text.prefix(80))) }
      count += Int(last - first) + 1
    }
    return count
  }

  /// The memory of the vmcoreinfo note: `/sys/kernel/vmcoreinfo`; nil when the kernel has none.
  ///
  /// The file holds an address and a size, both hexadecimal, the second without `0x`:
  /// `kernel/ksysfs.c:vmcoreinfo_show`.
  ///
  /// - Throws: ``MachineError/malformedLine(_:line:text:)``.
  public func vmcoreinfoNote() throws(MachineError) -> PhysicalRange? {
    let place = path("sys/kernel/vmcoreinfo")
    guard let text = try line(of: place) else { return nil }
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    guard words.count == 2, words[0].hasPrefix("0x"), let start = words[0].dropFirst(2).hexadecimal,
      let size = words[1].hexadecimal, let range = PhysicalRange(start: start, size: size)
    else { throw .malformedLine(place, line: 1, text: text) }
    return range
  }

  /// Memory lent to the running kernel until it crashes (`crashkernel=…,cma`), empty on most machines:
  /// `/sys/kernel/kexec/crash_cma_ranges`, lines `first-last`.
  ///
  /// - Throws: ``MachineError/malformedLine(_:line:text:)``.
  public func crashCMARanges() throws(MachineError) -> [PhysicalRange] {
    let place = path("sys/kernel/kexec/crash_cma_ranges")
    guard let text = try text(of: place) else { return [] }
    var ranges: [PhysicalRange] = []
    for (index, line) in text.split(separator: "\n").enumerated() {
      let words = line.split(separator: "-", omittingEmptySubsequences: false)
      guard words.count == 2, let start = words[0].hexadecimal, let last = words[1].hexadecimal,
        let range = PhysicalRange(start: start, lastByte: last)
      else { throw .malformedLine(place, line: index + 1, text: String(line)) }
      ranges.append(range)
    }
    return ranges
  }
}
