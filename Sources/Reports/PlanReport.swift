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
        segment.kind.name, "\(segment.range)", "\(segment.bytes.count) bytes",
        "of \(segment.range.size)",
      ]
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ") + " " + row[3]
    }
    return lines + ["entry \(hex(entry))"]
  }

  /// Every decision and change, a line each: elfcorehdr, places, tree or command line.
  package var explanation: [String] {
    evidence.map(\.description) + placements.map(\.description)
      + changes.map(\.description) + warnings.map { "warning: \($0)" }
  }

  /// The evidence for the elfcorehdr.
  private var evidence: [Evidence] {
    if let coreHeader { return coreHeader.evidence }
    return segments.filter { $0.kind == .coreHeader }
      .map { Evidence("elfcorehdr", "\($0.bytes.count) bytes", "the caller, read back") }
  }

  /// The same as an object: the file `plan.json` of a plan folder. It contains no seeds; that of a crash plan
  /// contains the place of the running kernel, as its elfcorehdr does.
  package var json: JSON {
    [
      "version": .number(1), "architecture": .string(architecture.name),
      "type": .string(purpose.rawValue), "entry": .hex(entry),
      "flags": .hex(flags), "segments": .array(segments.map(\.json)),
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
      "name": .string(kind.name), "start": .hex(range.start),
      "memorySize": .hex(range.size), "size": .number(bytes.count),
    ]
  }
}

extension Placement {
  fileprivate var json: JSON {
    [
      "part": .string(kind.name), "start": .hex(range.start),
      "size": .hex(range.size), "reason": .string(reason), "rule": .string("\(rule)"),
    ]
  }
}

extension PlanManifest {
  /// The same as an object.
  package var json: JSON {
    [
      "version": .number(1), "architecture": .string(architecture),
      "type": .string(purpose.rawValue), "entry": .hex(entry),
      "flags": .hex(flags),
      "segments": .array(
        segments.map {
          [
            "name": .string($0.name), "start": .hex($0.range.start),
            "memorySize": .hex($0.range.size), "file": .string($0.file),
          ]
        }),
    ]
  }
}
