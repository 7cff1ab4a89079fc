// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import JSONText
import KexecFacts
import Loading
import RunningKernel

extension TreeFile {
  /// Where the tree came from, line by line.
  var lines: [String] {
    guard live == nil else { return notes.prefix(1) + notes.dropFirst().map { "note: \($0)" } }
    let trailing = tree.trailingByteCount
    return [
      "read \(name): \(tree.sourceSize) bytes, version \(tree.sourceVersion)"
        + (trailing > 0 ? ", then \(trailing) bytes that are no part of the tree" : "")
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
