// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import CrashCore
import DeviceTree
package import JSONText
package import Kexec
import KexecFacts
package import Loading
import RunningKernel

/// A result, and its explanation.
package protocol Report {
  /// The bytes to write.
  var bytes: [UInt8] { get }
  /// Whether only its owner may read it.
  var isSecret: Bool { get }
  /// Shortcomings of the result, printed even without --explain.
  var warnings: [String] { get }
  /// The explanation, line by line.
  var lines: [String] { get }
  /// The explanation as an object.
  var json: JSON { get }
}

/// A finished tree, and its explanation.
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
  package var warnings: [String] {
    (request.warnings + tree.mergeWarnings).map { "warning: \($0)" }
  }

  /// The changes.
  package var changes: [Change] { tree.changes }

  /// Findings about the source trees and the result.
  package var findings: [Finding] { request.warnings + tree.warnings }

  /// What is not known of the machine.
  private var note: String? { request.machine.$memory.failure?.text }

  /// The explanation: the source, a line for each change, the result.
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

extension TreeFile {
  /// The source of the tree, line by line.
  var lines: [String] {
    guard live == nil else { return notes.prefix(1) + notes.dropFirst().map { "note: \($0)" } }
    let trailing = tree.trailingByteCount
    return [
      "read \(name): \(tree.sourceSize) bytes, version \(tree.sourceVersion)"
        + (trailing > 0 ? ", then \(trailing) bytes after the end of the tree" : "")
    ]
  }

  var json: JSON {
    guard let live else {
      return [
        "file": .string(name), "size": .number(tree.sourceSize),
        "version": .number(Int(tree.sourceVersion)),
        "trailingBytes": .number(tree.trailingByteCount),
      ]
    }
    let (nodes, properties) = counts
    return [
      "file": .string(name), "from": "live", "reason": reason.map(JSON.string),
      "nodes": .number(nodes), "properties": .number(properties),
      "hasBootOrder": .bool(live.boot != nil),
      "restoredNames": .array(live.restoredNames.map(JSON.string)),
    ]
  }
}

/// The findings in a file.
package struct CheckReport {
  /// A line each, findings first.
  package let lines: [String]
  package let findings: [JSON]
  /// How the next kernel reads it.
  package let beliefs: [JSON]

  /// The findings in a tree or a plan, and how the next kernel reads it.
  package init(_ name: String, _ found: [Finding], _ view: NextKernelView?) {
    let believed = view?.lines ?? []
    lines = (found.map(\.description) + believed).map { "\(name): \($0)".visible() }
    findings = found.map { $0.json(in: name) }
    beliefs = believed.map { ["file": .string(name), "text": .string($0)] }
  }

  /// The findings in an elfcorehdr.
  package init(_ name: String, _ found: [CoreFinding]) {
    lines = found.map { "\(name): \($0)".visible() }
    findings = found.map { finding in
      [
        "file": .string(name), "severity": .string("\(finding.severity)"),
        "place": .string("\(finding.place)"), "text": .string(finding.text),
        "rule": .string("\(finding.rule)"),
      ]
    }
    beliefs = []
  }
}
