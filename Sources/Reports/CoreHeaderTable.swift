// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat
import CrashCore
import ELF
package import JSONText
package import Kexec
import PhysicalMemory

/// An elfcorehdr that was read from a file.
package struct CoreHeaderTable {
  private let file: ELFFile
  private let size: Int
  private let segments: [CoreSegment]

  /// Reads an elfcorehdr.
  package init(_ bytes: Span<UInt8>) throws(FormatError) {
    file = try ELFFile(bytes)
    size = bytes.count
    segments = CoreSegment.segments(file.programHeaders, machine: file.machine)
  }

  /// A line for the file, then one for each segment.
  package var table: String {
    let head =
      "core header for \(machineName), \(file.byteOrder.text), \(size) bytes, "
      + "\(segments.count) program headers"
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
      "byteOrder": file.byteOrder.json, "size": .number(size),
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
      "flags": .number(Int(header.flags)), "offset": .hex(header.offset),
      "virtualAddress": .hex(header.virtualAddress),
      "physicalAddress": .hex(header.physicalAddress),
      "fileSize": .hex(header.fileSize), "size": .hex(header.memorySize),
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
    default: name
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

/// An elfcorehdr, and the evidence for it.
package struct CoreHeaderReport: Report {
  package let architecture: Architecture
  package let plan: CoreHeaderPlan
  package let bytes: [UInt8]
  /// What is not known of the machine.
  package let notes: [String]

  package init(
    _ plan: CoreHeaderPlan, _ bytes: [UInt8], for architecture: Architecture, notes: [String]
  ) {
    (self.architecture, self.plan, self.bytes, self.notes) = (architecture, plan, bytes, notes)
  }

  /// It contains the place of a kernel with KASLR, as `/proc/kcore` does, which only root may read.
  package var isSecret: Bool { true }
  package var warnings: [String] {
    guard !plan.warnings.isEmpty else { return [] }
    return notes.map { "note: \($0)" } + plan.warnings.map { "warning: \($0)" }
  }

  package var lines: [String] {
    let header = plan.header
    let contents =
      header.cpuNotes.map { "register notes at \($0)" }
      + ["vmcoreinfo at \(header.vmcoreinfo)"]
      + (header.kernelText.map { ["kernel text at \($0.range)"] } ?? [])
      + header.memory.map { memory in
        let copy = memory.source == memory.range.start ? "" : ", fetched from \(hex(memory.source))"
        return "memory \(memory.range)\(copy)"
      }
    return notes.map { "note: \($0)" } + plan.evidence.map(\.description) + contents
      + plan.warnings.map { "warning: \($0)" }
      + ["made an elfcorehdr of \(bytes.count) bytes for \(architecture)"]
  }

  package var json: JSON {
    [
      "architecture": .string(architecture.name), "size": .number(bytes.count),
      "evidence": .array(plan.evidence.map(\.json)),
      "segments": .array(plan.header.programHeaders.map(\.json)),
      "warnings": .array(plan.warnings.map(\.json)), "notes": .array(notes.map(JSON.string)),
    ]
  }
}

extension ProgramHeader {
  fileprivate var json: JSON {
    [
      "type": type == Self.note ? "note" : "load", "offset": .hex(offset),
      "virtualAddress": .hex(virtualAddress),
      "physicalAddress": .hex(physicalAddress), "size": .hex(memorySize),
    ]
  }
}
