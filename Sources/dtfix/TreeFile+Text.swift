// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import JSONText
import Kexec
import RunningKernel

extension TreeFile {
  /// What has to be done to the tree before all else: a loader may have copied a live tree of powerpc, with
  /// all that its kernel wrote there.
  var edits: [TreeEdit] {
    let isCopy = live == nil && Architecture(describedBy: tree)?.prefersLiveTree == true
    return live != nil || isCopy ? [.removeLiveState] : []
  }

  /// What has to be told even when nobody asks: what the tree lacks.
  var warnings: [Finding] {
    guard let live, live.boot == nil else { return [] }
    let reason = live.bootError.map { String("\($0)".prefix { $0 != "\n" }) }
    let warning = Finding.lostReservations(
      of: tree, because: reason ?? "\(name) is all there is")
    return [warning].compactMap { $0 }
  }

  /// Where the tree came from, line by line.
  var lines: [String] {
    guard let live else {
      let trailing = tree.trailingByteCount
      return [
        "read \(name): \(tree.sourceSize) bytes, version \(tree.sourceVersion)"
          + (trailing > 0 ? ", then \(trailing) bytes that are no part of the tree" : "")
      ]
    }
    return [firstLine] + notes(live).map { "note: \($0)" }
  }

  /// The same for a plan, whose lines begin in another way; nothing for a blob.
  var notes: [String] { live.map { [firstLine] + notes($0) } ?? [] }

  private var firstLine: String {
    let why = reason.map { ", as \($0)" } ?? ""
    let (nodes, properties) = tree.root.counts
    return "read \(name): the live tree, \(nodes) nodes and \(properties) properties\(why)"
  }

  private func notes(_ live: LiveTree) -> [String] {
    [
      live.boot != nil
        ? "order, reservations and boot CPU are those of the blob at boot"
        : "nodes are sorted by name and unit address: CPUs may be numbered anew"
    ] + live.restoredNames.map { "\($0) has its own name again, which was taken" }
  }

  var json: JSON {
    guard let live else {
      return [
        "file": .string(name), "size": .number(tree.sourceSize),
        "version": .number(Int(tree.sourceVersion)),
        "trailingBytes": .number(tree.trailingByteCount),
      ]
    }
    let (nodes, properties) = tree.root.counts
    return [
      "file": .string(name), "from": "live", "reason": reason.map(JSON.string),
      "nodes": .number(nodes), "properties": .number(properties),
      "hasBootOrder": .bool(live.boot != nil),
      "restoredNames": .array(live.restoredNames.map(JSON.string)),
    ]
  }
}

extension Node {
  /// Nodes and properties from here on.
  fileprivate var counts: (nodes: Int, properties: Int) {
    children.map(\.counts).reduce((1, properties.count)) { ($0.0 + $1.nodes, $0.1 + $1.properties) }
  }
}
