// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
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
    if writesTree { try OutputFile(file).check(inputs: inputs) }
  }

  /// Tells first and writes last: a tree that is there has been told about.
  func write(_ result: FixResult) throws(Failure) {
    if explain { result.lines.forEach(printError) }
    if json { try printOutput("\(result.json)") }
    if writesTree { try OutputFile(file).write(result.tree.blob, isSecret: result.hasSeeds) }
  }
}
