// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Kexec
import Reports

/// Where a result goes, and what is printed.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "Where the result goes; - is standard output, the default.", valueName: "file")
  )
  var file: String?

  @Flag(help: "Tell what was done and why on standard error.")
  var explain = false

  @Flag(help: "Tell it as JSON on standard output; the result goes to -o, or nowhere.")
  var json = false

  private var writesTree: Bool { file != nil || !json }

  func check(inputs: [String]) throws(Failure) {
    if json, file == "-" {
      throw Failure(.usage, "--json and -o - both want standard output")
    }
    if writesTree { try OutputFile(file).check(inputs: inputs) }
  }

  /// Prints first and writes last: a result that exists has been explained.
  func write(_ result: some Report) throws(Failure) {
    (explain ? result.lines : result.warnings).forEach(printError)
    if json { try printOutput("\(result.json)") }
    if writesTree { try OutputFile(file).write(result.bytes.span, isSecret: result.isSecret) }
  }
}
