// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat
import CrashCore
import ELF
package import JSONText
import Kexec

/// A core header that was read from a file.
package struct CoreHeaderTable {
  private let file: ELFFile
  private let size: Int
  private let segments: [CoreSegment]

  /// Reads a core header.
  package init(_ bytes: Span<UInt8>) throws(FormatError) {
    file = try ELFFile(bytes)
    size = bytes.count
    segments = CoreSegment.segments(file.programHeaders, machine: file.machine)
  }

  /// A line for the file, then one for each segment.
  package var table: String {
    let order = file.byteOrder == .little ? "little-endian" : "big-endian"
    let head =
      "core header for \(machineName), \(order), \(size) bytes, \(segments.count) program headers"
    guard !segments.isEmpty else { return head }
    let titles = [
      "#", "Type", "Offset", "VirtAddr", "PhysAddr", "FileSiz", "MemSiz", "Flg", "Role",
    ]
    return ([head] + aligned([titles] + segments.enumerated().map(row))).joined(separator: "\n")
  }

  /// The same as an object; numbers that may pass 2^53 are strings.
  package var json: JSON {
    [
      "machine": .number(Int(file.machine.rawValue)),
      "architecture": architecture.map { .string($0.name) },
      "byteOrder": file.byteOrder == .little ? "little" : "big", "size": .number(size),
      "segments": .array(segments.map(\.json)),
    ]
  }

  private var architecture: Architecture? { Architecture(file.machine) }

  private var machineName: String { architecture?.name ?? "e_machine \(file.machine.rawValue)" }

  private func row(_ number: Int, _ segment: CoreSegment) -> [String] {
    let header = segment.header
    let flags = [(4 as UInt32, "R"), (2, "W"), (1, "E")]
      .map { header.flags & $0 != 0 ? $1 : "-" }.joined()
    return [
      String(number), header.typeName, hex(header.offset), hex(header.virtualAddress),
      hex(header.physicalAddress), hex(header.fileSize), hex(header.memorySize), flags,
      segment.role.text,
    ]
  }
}

extension CoreSegment {
  fileprivate var json: JSON {
    var note: JSON?
    if case .cpuNote(let index) = role { note = .number(index) }
    return [
      "role": .string(role.name), "note": note, "type": .string(header.typeName.lowercased()),
      "flags": .number(Int(header.flags)), "offset": .string(hex(header.offset)),
      "virtualAddress": .string(hex(header.virtualAddress)),
      "physicalAddress": .string(hex(header.physicalAddress)),
      "fileSize": .string(hex(header.fileSize)), "size": .string(hex(header.memorySize)),
    ]
  }
}

extension CoreSegment.Role {
  fileprivate var name: String {
    switch self {
    case .cpuNote: "cpuNote"
    case .vmcoreinfo: "vmcoreinfo"
    case .kernelText: "kernelText"
    case .memory: "memory"
    case .backup: "backup"
    case .other: "other"
    }
  }

  fileprivate var text: String {
    switch self {
    case .cpuNote(let index): "CPU note \(index)"
    case .kernelText: "kernel text"
    case .vmcoreinfo, .memory, .backup, .other: name
    }
  }
}

extension ProgramHeader {
  fileprivate var typeName: String {
    switch type {
    case Self.note: "NOTE"
    case Self.load: "LOAD"
    default: hex(type)
    }
  }
}
