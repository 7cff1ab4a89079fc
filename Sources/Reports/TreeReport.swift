// SPDX-License-Identifier: Apache-2.0

import DeviceTree
package import JSONText
package import Kexec
package import Loading

/// A tree that is done, and how it was done.
package struct TreeReport: Report {
  private let request: KexecRequest
  private let source: TreeFile?
  /// The machine's tree that was merged into it.
  private let merged: TreeFile?
  private let tree: NextTree

  package init(_ gathered: GatheredRequest, _ tree: NextTree) {
    (request, source, merged) = (gathered.request, gathered.tree, gathered.machineTree)
    self.tree = tree
  }

  package var isSecret: Bool { request.seeds != .none }
  package var bytes: [UInt8] { tree.blob }
  package var warnings: [String] { (request.warnings + tree.editWarnings).map { "warning: \($0)" } }

  /// What was changed.
  package var changes: [Change] { tree.changes }

  /// What there is to say about the trees that it is made of, and about the result.
  package var findings: [Finding] { request.warnings + tree.warnings }

  /// What could not be learned about the machine.
  private var note: String? { request.machine.$memory.failure?.text }

  /// The explanation: where the tree came from, a line a change, what became of it.
  package var lines: [String] {
    let merge = merged.map { "merge \($0.name): \($0.tree.sourceSize) bytes" }
    let notes = [merge, note.map { "note: \($0)" }].compactMap { $0 }
    let findings = findings.map { "warning: \($0)" }
    let end =
      "made a tree of \(tree.blob.count) bytes for \(request.architecture); read back by its rules"
    return (source?.lines ?? []) + notes + tree.changes.map(\.description) + findings + [end]
  }

  package var json: JSON {
    [
      "source": source?.json,
      "merged": merged.map { ["file": .string($0.name), "size": .number($0.tree.sourceSize)] },
      "note": note.map(JSON.string),
      "architecture": .string(request.architecture.name), "size": .number(tree.blob.count),
      "changes": .array(tree.changes.map(\.json)),
      "warnings": .array(findings.map(\.json)),
    ]
  }
}
