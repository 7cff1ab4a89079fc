// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import JSONText
import Kexec
import Loading

/// A tree that is done, and how it was done.
struct FixResult: Explained {
  private let request: KexecRequest
  private let source: TreeFile?
  /// The machine's tree that was merged into it.
  private let merged: TreeFile?
  private let tree: NextTree

  init(_ gathered: GatheredRequest, _ tree: NextTree) {
    (request, source, merged) = (gathered.request, gathered.tree, gathered.machineTree)
    self.tree = tree
  }

  var isSecret: Bool { request.seeds != .none }
  var bytes: [UInt8] { tree.blob }
  var warnings: [String] { (request.warnings + tree.editWarnings).map { "warning: \($0)" } }

  /// What could not be learned about the machine.
  private var note: String? { request.machine.$memory.failure?.text }

  /// The explanation: where the tree came from, a line a change, what became of it.
  var lines: [String] {
    let merge = merged.map { "merge \($0.name): \($0.tree.sourceSize) bytes" }
    let notes = [merge, note.map { "note: \($0)" }].compactMap { $0 }
    let findings = (request.warnings + tree.warnings).map { "warning: \($0)" }
    let end =
      "made a tree of \(tree.blob.count) bytes for \(request.architecture); read back by its rules"
    return (source?.lines ?? []) + notes + tree.changes.map(\.description) + findings + [end]
  }

  var json: JSON {
    [
      "source": source?.json,
      "merged": merged.map { ["file": .string($0.name), "size": .number($0.tree.sourceSize)] },
      "note": note.map(JSON.string),
      "architecture": .string(request.architecture.name), "size": .number(tree.blob.count),
      "changes": .array(tree.changes.map(\.json)),
      "warnings": .array((request.warnings + tree.warnings).map(\.json)),
    ]
  }
}
