// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Kexec
import Reports

/// Where a result goes, and what is printed.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: .value("file", "Write the result to this file; - is standard output, the default."))
  var file: String?

  @Flag(help: "Explain every change on standard error.")
  var explain = false

  @Flag(help: "Explain as JSON on standard output; the result goes to -o only.")
  var json = false

  private var writesTree: Bool { file != nil || !json }

  func check(inputs: [String]) throws(Failure) {
    if json, file == "-" {
      throw Failure(.usage, "--json and -o - both write to standard output")
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

/// Where a plan goes, and what is printed.
struct PlanOutputOptions: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: .value("folder", "Write the plan to this folder; an older plan there is replaced."))
  var folder: String?

  @Flag(help: "Explain every decision on standard error.")
  var explain = false

  @Flag(help: "Print JSON instead of the layout.")
  var json = false

  func check() throws(Failure) {
    if let folder { try PlanFolder(folder).checkIsReplaceable() }
  }

  /// Prints first and writes last: a plan that exists has been explained.
  func write(_ plan: KexecPlan, notes: [String]) throws(Failure) {
    let warnings = plan.warnings.map { "warning: \($0)" }
    (explain ? notes.map { "note: \($0)" } + plan.explanation : warnings).forEach(printError)
    if json {
      try printOutput("\(plan.json)")
    } else if folder == nil || explain {
      try printOutput(plan.layout.joined(separator: "\n"))
    }
    if let folder { try PlanFolder(folder).write(plan) }
  }
}
