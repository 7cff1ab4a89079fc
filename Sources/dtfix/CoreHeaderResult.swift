// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
import JSONText
import Kexec
import PhysicalMemory

/// A core header that is done, and what it rests on.
struct CoreHeaderResult: Explained {
  let architecture: Architecture
  let plan: CoreHeaderPlan
  let bytes: [UInt8]
  /// What could not be learned about the machine.
  let notes: [String]

  /// It tells where a kernel with KASLR lies, which `/proc/kcore` keeps to root.
  var isSecret: Bool { true }
  var warnings: [String] {
    guard !plan.warnings.isEmpty else { return [] }
    return notes.map { "note: \($0)" } + plan.warnings.map { "warning: \($0)" }
  }

  var lines: [String] {
    let header = plan.header
    let parts =
      header.cpuNotes.map { "register notes at \($0)" }
      + ["vmcoreinfo at \(header.vmcoreinfo)"]
      + (header.kernelText.map { ["kernel text at \($0.range)"] } ?? [])
      + header.memory.map { memory in
        let copy = memory.source == memory.range.start ? "" : ", fetched from \(hex(memory.source))"
        return "memory \(memory.range)\(copy)"
      }
    return notes.map { "note: \($0)" } + plan.evidence.map(\.description) + parts
      + plan.warnings.map { "warning: \($0)" }
      + ["made a core header of \(bytes.count) bytes for \(architecture)"]
  }

  var json: JSON {
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
      "type": type == Self.note ? "note" : "load", "offset": .string(hex(offset)),
      "virtualAddress": .string(hex(virtualAddress)),
      "physicalAddress": .string(hex(physicalAddress)), "size": .string(hex(memorySize)),
    ]
  }
}
