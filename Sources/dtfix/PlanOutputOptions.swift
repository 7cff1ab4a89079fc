// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import JSONText
import Kexec
import Reports

/// Where a plan goes, and what is printed.
struct PlanOutputOptions: ParsableArguments {
  @Option(
    name: .customShort("o"),
    help: ArgumentHelp(
      "The folder that the plan is written to; an older plan there is replaced.",
      valueName: "folder"))
  var folder: String?

  @Flag(help: "Tell why everything is where it is, on standard error.")
  var explain = false

  @Flag(help: "JSON instead of the layout, on standard output.")
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
