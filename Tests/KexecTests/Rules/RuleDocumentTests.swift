// SPDX-License-Identifier: Apache-2.0

import Foundation
import TestSupport
import Testing

@testable import KexecCheck
@testable import KexecFacts
@testable import KexecMerge
@testable import KexecPlan
@testable import KexecRules
@testable import KexecTree

@Suite struct `The page of rules` {
  /// `UPDATE_GOLDENS=1 swift test` rewrites it.
  @Test func `is made of the list`() throws {
    let path = Fixtures.package + "/docs/rules.md"
    if ProcessInfo.processInfo.environment["UPDATE_GOLDENS"] != nil {
      try Self.page().write(toFile: path, atomically: true, encoding: .utf8)
    }

    #expect(try String(contentsOfFile: path, encoding: .utf8) == Self.page())
  }

  private static func page() throws -> String {
    let tables = try KernelRule.sections.map { name, rules in
      """
      ## \(name)

      | Rule | What must be the case | Applied by | For | Kernels | Checked in |
      |---|---|---|---|---|---|
      \(try rules.map(row).joined(separator: "\n"))
      """
    }
    return introduction + "\n" + tables.joined(separator: "\n\n") + "\n"
  }

  private static let introduction = """
    # Rules

    What kernels demand of a device tree, and of a plan for kexec_load(2): every rule that dtfix knows. A breach
    costs a boot or a dump, mostly without a word on any console.

    The page is made from the list in `Sources/KexecCheck/KernelRule+*.swift`; do not edit it, run
    `UPDATE_GOLDENS=1 swift test --filter 'The page of rules'`.

    * Under each rule stands what dtfix says of a breach: an example.
    * **Applied by**: the kernel function that reads what the rule is about, or that would have to check it. With
      an architecture in front, the rule is that architecture's alone.
    * **For**: an ordinary kexec, a crash kernel, or any tree, a board's too.
    * **Kernels**: Linux \(KernelRelease.oldest) to \(KernelRelease.newest), unless it says otherwise.
    * **Checked in**: a *tree* (`dtfix check TREE`), a *plan* (`dtfix check PLAN`, and each plan before it is
      written), a *new tree* (each tree that is made, with what was requested: a breach is refused).

    """

  private static func row(_ rule: KernelRule) throws -> String {
    let cells = [
      "`\(rule.id)`", "\(rule.demand)<br>`\(try finding(rule))`", readers(rule), purposes(rule),
      releases(rule),
      rule.subjects.map(name).joined(separator: ", "),
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  /// What dtfix says of a breach.
  private static func finding(_ rule: KernelRule) throws -> String {
    let breach = try #require(RuleBreach.all.first { $0.id == rule.id })
    var sample = try breach.sample(breach.purpose)
    try breach.make(&sample)
    let finding = rule.findings(in: try sample.reading(as: try #require(rule.subjects.first))).first
    return finding.map { "\($0.place): \($0.text)" } ?? "none"
  }

  /// One reader for all, or one for each architecture that has one.
  private static func readers(_ rule: KernelRule) -> String {
    let known = Architecture.all.filter {
      rule.subjects == [.plan] ? $0.isPlanned : $0.takesTree || rule.id == "takes-tree"
    }
    let readers = known.compactMap { one in
      rule.reader.rule(one).map { (one.name, $0 == .caller ? "dtfix" : "\($0)") }
    }
    let different = Set(readers.map(\.1))
    guard different.count > 1 || readers.count < known.filter(\.takesTree).count else {
      return different.map { "`\($0)`" }.joined()
    }
    return different.sorted().map { reader in
      let names = readers.filter { $0.1 == reader }.map(\.0).joined(separator: ", ")
      return "\(names): `\(reader)`"
    }.joined(separator: "<br>")
  }

  private static func purposes(_ rule: KernelRule) -> String {
    if rule.purposes.contains(nil) { return "any tree" }
    return rule.purposes.compactMap { $0 }.map { "\($0)" }.joined(separator: ", ")
  }

  private static func releases(_ rule: KernelRule) -> String {
    switch (rule.since, rule.until) {
    case (let since?, let until?): "\(since) to \(until)"
    case (let since?, nil): "since \(since)"
    case (nil, let until?): "until \(until)"
    case (nil, nil): "all"
    }
  }

  private static func name(_ subject: KernelRule.Subject) -> String {
    switch subject {
    case .tree: "tree"
    case .plan: "plan"
    case .newTree: "new tree"
    }
  }
}
