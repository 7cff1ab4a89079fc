// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules

/// What a rule has to know, and what it is applied to for that reason.
struct Knowledge<Known>: Sendable {
  let subjects: [KernelRule.Subject]
  /// Takes it from a reading; nil where it is not there.
  let read: @Sendable (Reading) -> Known?
}

extension Knowledge<OpenedTree> {
  /// The bytes of a tree, which may be none.
  static var blob: Self { Self(subjects: [.tree, .plan, .newTree]) { $0.opened } }
}

extension Knowledge<ReadTree> {
  /// A tree, and nothing else.
  static var tree: Self { Self(subjects: [.tree, .plan, .newTree]) { $0.tree } }
  /// The same, of a tree that is finished: one that is being made is not refused.
  static var finishedTree: Self { Self(subjects: [.tree, .plan]) { $0.tree } }
  /// The same, where nothing else is known, which another rule would compare it with.
  static var treeAlone: Self { Self(subjects: [.tree]) { $0.tree } }
}

extension Knowledge<ReadPlan> {
  /// What a plan loads.
  static var plan: Self { Self(subjects: [.plan]) { $0.plan } }
}

extension Knowledge<(tree: ReadTree, plan: ReadPlan)> {
  /// A plan's tree, and what is loaded.
  static var planTree: Self {
    Self(subjects: [.plan]) { reading in
      reading.tree.flatMap { tree in reading.plan.map { (tree, $0) } }
    }
  }
}

extension Knowledge<(line: ReadPlan.Line, plan: ReadPlan, rules: CommandLineRules)> {
  /// A plan's command line in place of a tree, and what is loaded.
  static var line: Self {
    Self(subjects: [.plan]) { reading in
      guard let plan = reading.plan, let line = plan.line,
        let rules = reading.architecture.commandLineRules
      else { return nil }
      return (line, plan, rules)
    }
  }
}

extension Knowledge<(tree: ReadTree, wanted: RequestedTree)> {
  /// A tree that was just made, and what was requested.
  static var newTree: Self {
    Self(subjects: [.newTree]) { reading in
      reading.tree.flatMap { tree in reading.requested.map { (tree, $0) } }
    }
  }
}

extension KernelRule {
  /// A rule for each segment of a plan: nil for one that keeps it.
  static func segment(
    _ id: String, _ demand: String, by reader: RuleReader,
    for purposes: [Purpose?] = [.kexec, .crash], since: KernelRelease? = nil,
    check: @escaping @Sendable (ReadPlan.Segment, Reading) -> String?
  ) -> KernelRule {
    KernelRule(id, .plan, demand, by: reader, for: purposes, since: since) { plan, reading in
      plan.segments.compactMap { segment in
        check(segment, reading).map { Problem($0, at: segment.name) }
      }
    }
  }
}
