// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

/// What a rule reads, and what it is therefore applied to.
struct Knowledge<Known>: Sendable {
  let subjects: [KernelRule.Subject]
  /// Takes it from a reading; nil where the reading does not have it.
  let read: @Sendable (Reading) -> Known?
}

extension Knowledge<DeviceTreeError> {
  /// Why a kernel cannot use a tree.
  static func treeError(of subjects: [KernelRule.Subject]) -> Self {
    Self(subjects: subjects) { $0.treeError }
  }
}

extension Knowledge<ReadTree> {
  /// A tree, and nothing else.
  static var tree: Self { Self(subjects: [.tree, .plan, .newTree]) { $0.tree } }
  /// A tree that is finished: one that is being made is not refused.
  static var finishedTree: Self { Self(subjects: [.tree, .plan]) { $0.tree } }
  /// A tree without a plan or a request that another rule would compare it with.
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
  /// A rule for a plan whose tree names what is loaded.
  ///
  /// - Parameters:
  ///   - name: what messages call it.
  ///   - named: the memory that the tree names.
  ///   - isSame: compares it with the memory that is loaded.
  ///   - loaded: the memory that is loaded.
  static func loaded(
    _ id: String, _ demand: String, _ name: String, by reader: RuleReader,
    for purposes: [Purpose?] = [.kexec, .crash],
    _ named: @escaping @Sendable (ReadTree) -> PhysicalRange?,
    isSame: @escaping @Sendable (PhysicalRange, PhysicalRange) -> Bool = { $0 == $1 },
    _ loaded: @escaping @Sendable (ReadPlan) -> PhysicalRange?
  ) -> KernelRule {
    KernelRule(id, .planTree, at: "dtb", demand, by: reader, for: purposes) { known, _ in
      switch (named(known.tree), loaded(known.plan)) {
      case (nil, nil): []
      case (let named?, let loaded?) where isSame(named, loaded): []
      case (let named, let loaded):
        [
          """
          names \(named.map { "the \(name) at \($0)" } ?? "no \(name)"), loaded is \
          \(loaded.map { "one at \($0)" } ?? "none")
          """
        ]
      }
    }
  }

  /// A rule for each segment of a plan.
  ///
  /// - Parameter check: what breaks the rule; nil for nothing.
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
