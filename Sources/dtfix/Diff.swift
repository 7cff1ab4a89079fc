// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import JSONText
import Kexec
import Loading
import Reports

/// `dtfix diff`: two trees, by meaning.
struct Diff: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two trees by meaning.",
    discussion: """
      The order of properties, reservations and nodes does not matter; nodes in another order are \
      noted. Exits with 1 when the trees differ.

      EXAMPLES
        How the next kernel's tree differs from this kernel's:
          dtfix diff /sys/firmware/fdt next.dtb
        The same tree built twice, with different phandle numbers:
          dtfix diff --follow-phandles one.dtb two.dtb
      """)

  @Argument(help: "The first tree; - is standard input.")
  var first: String

  @Argument(help: "The second tree.")
  var second: String

  @Flag(help: "Compare the nodes that phandles refer to, not their numbers.")
  var followPhandles = false

  @Flag(help: "Ignore kaslr-seed and rng-seed of /chosen.")
  var ignoreSeeds = false

  @Flag(help: "Print JSON instead of lines.")
  var json = false

  func run() throws {
    let (one, other) = (try TreeFile(first), try TreeFile(second))
    let comparison = one.tree.compared(
      with: other.tree, phandles: followPhandles ? .byTarget : .byValue)
    let differences = comparison.differences.filter { !(ignoreSeeds && $0.isOfSeed) }
    if json {
      let result: JSON = [
        "differences": .array(differences.map(\.json)),
        "reorderedNodes": .array(comparison.reorderedNodes.map(JSON.string)),
      ]
      try printOutput("\(result)")
    } else {
      let notes = comparison.reorderedNodes.map { "note: \($0): children in another order" }
      let lines = differences.map(\.line) + notes
      if !lines.isEmpty { try printOutput(lines.joined(separator: "\n")) }
    }
    if !differences.isEmpty { throw Failure.found }
  }
}

extension TreeComparison.Difference {
  fileprivate var isOfSeed: Bool {
    guard case .property(let name, let node, _, _) = self, ChosenProperty.isNode(node) else {
      return false
    }
    return Seeds.rows.contains { $0.property == name }
  }

  fileprivate var line: String {
    switch self {
    case .bootCPU(let from, let to): "boot CPU: \(from) -> \(to)"
    case .reservation(let entry, let side): "\(side.sign) reservation \(entry.text)"
    case .node(let path, let side): "\(side.sign) \(path)"
    case .property(let name, let node, let from?, let to?):
      "\(node): \(name): \(shown(name, from)) -> \(shown(name, to))"
    case .property(let name, let node, let from, let to):
      "\(from != nil ? "-" : "+") \(node): \(name)\(value(name, from ?? to ?? .empty))"
    }
  }

  fileprivate var json: JSON {
    switch self {
    case .bootCPU(let from, let to):
      ["what": "bootCPU", "from": .number(Int(from)), "to": .number(Int(to))]
    case .reservation(let entry, let side):
      ["what": "reservation", side == .first ? "from" : "to": .string(entry.text)]
    case .node(let path, let side):
      ["what": "node", "node": .string(path), "in": side == .first ? "first" : "second"]
    case .property(let name, let node, let from, let to):
      [
        "what": "property", "node": .string(node), "property": .string(name),
        "from": from.map { .string(shown(name, $0)) }, "to": to.map { .string(shown(name, $0)) },
      ]
    }
  }

  /// A value after the name, or nothing for an empty one.
  private func value(_ name: String, _ value: PropertyValue) -> String {
    value.bytes.isEmpty ? "" : " " + shown(name, value)
  }

  private func shown(_ name: String, _ value: PropertyValue) -> String {
    Change.Value(Property(name, value)).description
  }
}

extension TreeComparison.Side {
  /// As `diff -u` marks lines that only one file has.
  fileprivate var sign: String { self == .first ? "-" : "+" }
}
