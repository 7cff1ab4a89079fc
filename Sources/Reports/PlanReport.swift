// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import JSONText
package import Kexec
import PhysicalMemory

extension KexecPlan {
  /// The layout: a line for each segment in rising order, then the entry.
  package var layout: [String] {
    let rows = segments.map { segment in
      [
        segment.part.name, "\(segment.range)", "\(segment.bytes.count) bytes",
        "of \(segment.range.size)",
      ]
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ") + " " + row[3]
    }
    return lines + ["entry \(hex(entry))"]
  }

  /// Everything that was decided and changed, a line each: the core header, the places, the tree
  /// or command line.
  package var explanation: [String] {
    evidence.map(\.description) + placements.map(\.description)
      + changes.map(\.description) + warnings.map { "warning: \($0)" }
  }

  /// What the core header rests on.
  private var evidence: [Evidence] {
    let given = coreHeader == nil ? segments.first { $0.part == .coreHeader } : nil
    return (coreHeader?.evidence ?? [])
      + [given.map { Evidence("core header", "\($0.bytes.count) bytes", "the caller, read back") }]
      .compactMap { $0 }
  }

  /// The same for programs: the file `plan.json` of a plan's folder. No seeds are in it; of a
  /// crash plan it says where the kernel lies, as its core header does.
  package var json: JSON {
    [
      "version": .number(1), "architecture": .string(architecture.name),
      "type": .string(purpose.rawValue), "entry": .string(hex(entry)),
      "flags": .string(hex(flags)), "segments": .array(segments.map(\.json)),
      "placements": .array(placements.map(\.json)),
      "changes": .array(changes.map(\.json)),
      "evidence": .array(evidence.map(\.json)),
      "warnings": .array(warnings.map(\.json)),
    ]
  }
}

extension KexecPlan.Segment {
  fileprivate var json: JSON {
    [
      "name": .string(part.name), "start": .string(hex(range.start)),
      "memorySize": .string(hex(range.size)), "size": .number(bytes.count),
    ]
  }
}

extension Placement {
  fileprivate var json: JSON {
    [
      "part": .string(part.name), "start": .string(hex(range.start)),
      "size": .string(hex(range.size)), "reason": .string(reason), "rule": .string("\(rule)"),
    ]
  }
}

extension PlanManifest {
  /// The same as an object.
  package var json: JSON {
    [
      "version": .number(1), "architecture": .string(architecture),
      "type": .string(purpose.rawValue), "entry": .string(hex(entry)),
      "flags": .string(hex(flags)),
      "segments": .array(
        segments.map {
          [
            "name": .string($0.name), "start": .string(hex($0.range.start)),
            "memorySize": .string(hex($0.range.size)), "file": .string($0.file),
          ]
        }),
    ]
  }
}
