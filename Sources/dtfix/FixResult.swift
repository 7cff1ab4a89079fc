// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import JSONText
import Kexec
import Loading

/// A tree that is done, and how it was done.
struct FixResult: Explained {
  let source: TreeFile
  /// The machine's tree that was merged into it.
  let merged: TreeFile?
  /// What could not be learned about the machine.
  let note: String?
  let architecture: Architecture
  let tree: NextTree
  let isSecret: Bool

  var bytes: [UInt8] { tree.blob }
  var warnings: [String] { (sourceWarnings + tree.editWarnings).map { "warning: \($0)" } }

  /// What the tree lacks that it is made from, or that is merged into it.
  private var sourceWarnings: [Finding] { source.warnings + (merged?.warnings ?? []) }

  /// The explanation: where the tree came from, a line a change, what became of it.
  var lines: [String] {
    let merge = merged.map { "merge \($0.name): \($0.tree.sourceSize) bytes" }
    let notes = [merge, note.map { "note: \($0)" }].compactMap { $0 }
    let findings = (sourceWarnings + tree.warnings).map { "warning: \($0)" }
    let end =
      "made a tree of \(tree.blob.count) bytes for \(architecture); read back by its rules"
    return source.lines + notes + tree.changes.map(\.description) + findings + [end]
  }

  var json: JSON {
    [
      "source": source.json,
      "merged": merged.map { ["file": .string($0.name), "size": .number($0.tree.sourceSize)] },
      "note": note.map(JSON.string),
      "architecture": .string(architecture.name), "size": .number(tree.blob.count),
      "changes": .array(tree.changes.map(\.json)),
      "warnings": .array((sourceWarnings + tree.warnings).map(\.json)),
    ]
  }
}
