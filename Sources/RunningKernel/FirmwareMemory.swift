// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import PhysicalMemory
import SystemPackage

/// An entry of the memory map that the firmware gave the kernel: x86.
public struct FirmwareMemory: Hashable, Sendable {
  /// The memory.
  public let range: PhysicalRange
  /// What the firmware says it is, in the words of ``MemoryMap``: `System RAM`, `Reserved`,
  /// `ACPI Tables`.
  public let type: String
}

extension RunningKernel {
  /// The firmware's memory map, `/sys/firmware/memmap`, in the firmware's order; empty on other
  /// architectures.
  ///
  /// It is what the kernel was given, before `mem=`, `crashkernel=` and all else: right for telling
  /// what a machine has, and wrong for what a dump is to have. Each entry is a folder with `start`,
  /// `end` (the last byte) and `type`: `drivers/firmware/memmap.c`.
  ///
  /// - Throws: ``MachineError/malformedLine(_:line:text:)``.
  public func firmwareMemoryMap() throws(MachineError) -> [FirmwareMemory] {
    let folder = path("sys/firmware/memmap")
    let numbers = try names(in: folder).compactMap(\.decimal).sorted()
    var map: [FirmwareMemory] = []
    for number in numbers {
      let place = folder.appending("\(number)")
      let start = try address(of: place.appending("start"))
      let last = try address(of: place.appending("end"))
      guard let type = try line(of: place.appending("type")) else {
        throw .missing(place.appending("type"), advice: nil)
      }
      guard let range = PhysicalRange(start: start, lastByte: last) else {
        throw .malformedLine(place.appending("end"), line: 1, text: hex(last))
      }
      map.append(FirmwareMemory(range: range, type: type))
    }
    return map
  }

  /// A file of one number, hexadecimal with `0x`.
  private func address(of path: FilePath) throws(MachineError) -> UInt64 {
    guard let text = try line(of: path) else { throw .missing(path, advice: nil) }
    guard text.hasPrefix("0x"), let number = text.dropFirst(2).hexadecimal else {
      throw .malformedLine(path, line: 1, text: text)
    }
    return number
  }
}
