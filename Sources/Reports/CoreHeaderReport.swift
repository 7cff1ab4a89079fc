// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import CrashCore
import ELF
package import JSONText
package import Kexec
import PhysicalMemory

/// A core header that is done, and what it rests on.
package struct CoreHeaderReport: Report {
  package let architecture: Architecture
  package let plan: CoreHeaderPlan
  package let bytes: [UInt8]
  /// What could not be learned about the machine.
  package let notes: [String]

  package init(
    _ plan: CoreHeaderPlan, _ bytes: [UInt8], for architecture: Architecture, notes: [String]
  ) {
    (self.architecture, self.plan, self.bytes, self.notes) = (architecture, plan, bytes, notes)
  }

  /// It says where a kernel with KASLR lies, which `/proc/kcore` keeps to root.
  package var isSecret: Bool { true }
  package var warnings: [String] {
    guard !plan.warnings.isEmpty else { return [] }
    return notes.map { "note: \($0)" } + plan.warnings.map { "warning: \($0)" }
  }

  package var lines: [String] {
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
      "type": type == Self.note ? "note" : "load", "offset": .string(hex(offset)),
      "virtualAddress": .string(hex(virtualAddress)),
      "physicalAddress": .string(hex(physicalAddress)), "size": .string(hex(memorySize)),
    ]
  }
}
