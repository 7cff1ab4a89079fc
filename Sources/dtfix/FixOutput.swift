// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import DeviceTree
import JSONText
import Kexec

/// Where the tree goes, and what is told about it.
struct FixOutputOptions: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: ArgumentHelp("Where the tree goes; - is standard output, the default.", valueName: "file")
  )
  var file: String?

  @Flag(help: "Tell every change and its reason on standard error.")
  var explain = false

  @Flag(help: "Tell them as JSON on standard output; the tree goes to -o, or nowhere.")
  var json = false

  private var writesTree: Bool { file != nil || !json }

  func check(inputs: [String]) throws(Failure) {
    if json, file == "-" {
      throw Failure(.usage, "--json and -o - both want standard output")
    }
    if writesTree { try OutputFile(file).check(inputs: inputs.filter { $0 != "-" }) }
  }

  func write(_ result: FixResult) throws(Failure) {
    if explain { result.lines.forEach(printError) }
    if writesTree { try OutputFile(file).write(result.blob, isSecret: result.hasSeeds) }
    if json { try printOutput("\(result.json)") }
  }
}

/// A tree that is done, and how it was done.
struct FixResult {
  let source: TreeFile
  let architecture: Architecture
  let blob: [UInt8]
  let changes: [Change]
  let hasSeeds: Bool

  /// The explanation: where the tree came from, a line a change, what became of it.
  var lines: [String] {
    let tree = source.tree
    let trailing = tree.trailingByteCount
    return [
      "read \(source.name): \(tree.sourceSize) bytes, version \(tree.sourceVersion)"
        + (trailing > 0 ? ", then \(trailing) bytes that are no part of the tree" : "")
    ] + changes.map(\.description) + [
      "made a tree of \(blob.count) bytes for \(architecture); read back by its rules"
    ]
  }

  var json: JSON {
    let tree = source.tree
    return [
      "source": [
        "file": .string(source.name), "size": .number(tree.sourceSize),
        "version": .number(Int(tree.sourceVersion)),
        "trailingBytes": .number(tree.trailingByteCount),
      ],
      "architecture": .string(architecture.name), "size": .number(blob.count),
      "changes": .array(changes.map(\.json)),
    ]
  }
}

/// A text on standard output, with a newline.
func printOutput(_ text: String) throws(Failure) {
  try OutputFile(nil).write(Array((text + "\n").utf8), isSecret: false)
}
