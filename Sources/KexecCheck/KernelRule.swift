// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules

/// A demand of kernels on a tree or a plan. Every rule is a row of ``all``, which `dtfix check` goes through, and
/// every tree and plan that is made.
final class KernelRule: Sendable {
  /// A stable name in kebab-case.
  let id: String
  /// What a finding names: a property, a segment.
  let place: String
  /// What must be the case.
  let demand: String
  /// The function that applies it.
  let reader: RuleReader
  /// What is checked: a rule for `Subject.newTree` refuses a tree that is being made.
  let subjects: [Subject]
  /// What the kernel is started for; nil for a tree that was not prepared for a kexec, such as a board's.
  let purposes: [Purpose?]
  /// The first and the last release that it holds for; nil for all that are supported.
  let since, until: KernelRelease?
  private let scope: Scope
  private let check: @Sendable (Reading) -> [Problem]

  /// - Parameters:
  ///   - known: what the check reads; without it, the rule does not apply.
  ///   - check: what breaks the rule.
  init<Known>(
    _ id: String, _ known: Knowledge<Known>, at place: String = "SEGMENT", _ demand: String,
    by reader: RuleReader, for purposes: [Purpose?] = [.kexec, .crash],
    since: KernelRelease? = nil, until: KernelRelease? = nil,
    check: @escaping @Sendable (Known, Reading) -> [Problem]
  ) {
    (self.id, self.place, self.demand, self.reader) = (id, place, demand, reader)
    (self.purposes, self.since, self.until) = (purposes, since, until)
    subjects = known.subjects
    scope = Scope(subjects.flatMap { subject in purposes.map { Scope(subject, $0) } })
    self.check = { reading in known.read(reading).map { check($0, reading) } ?? [] }
  }

  /// What breaks this rule, in what it is for; nothing on an architecture that does not have it.
  func findings(in reading: Reading) -> [Finding] {
    guard let rule = reader.rule(reading.architecture) else { return [] }
    return check(reading).map { Finding($0.place ?? place, $0.text, rule: $0.rule ?? rule) }
  }

  /// What a rule is applied to.
  enum Subject: Int, CaseIterable {
    /// A finished tree.
    case tree
    /// A plan, with the tree or the command line in it: from a folder, or just made.
    case plan
    /// A tree that was just made, with what was requested.
    case newTree
  }

  /// A bit for each subject and purpose.
  struct Scope: OptionSet {
    let rawValue: UInt16

    init(rawValue: UInt16) { self.rawValue = rawValue }

    init(_ subject: Subject, _ purpose: Purpose?) {
      rawValue = 1 << (subject.rawValue * 3 + (purpose == nil ? 0 : purpose == .kexec ? 1 : 2))
    }
  }

  /// What breaks a rule; with a place or a reader where those of the rule do not fit.
  struct Problem: ExpressibleByStringInterpolation {
    let text: String
    let place: String?
    let rule: Rule?

    init(_ text: String, at place: String? = nil, by rule: Rule? = nil) {
      (self.text, self.place, self.rule) = (text, place, rule)
    }

    init(stringLiteral text: String) { self.init(text) }
  }

  /// All trees, a board's too.
  static let any: [Purpose?] = [nil, .kexec, .crash]

  /// How a finding names a property of `/chosen`.
  static func property(_ name: String) -> String { "/chosen: " + name }
}

extension KernelRule {
  static let all: [KernelRule] = sections.flatMap(\.rules)

  /// All rules, in the order in which findings are shown.
  static let sections: [(name: String, rules: [KernelRule])] = [
    ("The blob and its root", blob), ("/chosen", chosen), ("UEFI and ACPI", firmwareTables),
    ("Segments", segments), ("Kernel and entry", kernel), ("Memory", memory),
    ("The memory of powerpc", powerPC), ("The initrd", initrd),
    ("The core header (elfcorehdr)", coreHeader), ("The memory of a crash kernel", crashMemory),
    ("The command line", commandLine),
    ("A command line in place of a tree (LoongArch)", commandLineSegment),
    ("Leftovers of an earlier kexec", leftovers),
    ("IMA buffer, KHO, keys and extra segments", buffers),
    ("What was requested", requested),
  ]

  /// What breaks the rules that apply to a reading.
  static func findings(in reading: Reading) -> [Finding] {
    let wanted = reading.scope
    var findings: [Finding] = []
    for (index, scope) in scopes.enumerated() where !scope.isDisjoint(with: wanted) {
      let found = all[index].findings(in: reading)
      if !found.isEmpty { findings += found }
    }
    return findings
  }

  private static let scopes = all.map(\.scope)
}

/// The kernel function that applies a rule: one for all architectures, or each has its own.
enum RuleReader: Sendable {
  /// One for all architectures.
  case all(Rule)
  /// One for all kernels that are started with a tree.
  case ofTree(Rule)
  /// That of an architecture; nil where it has no such rule.
  case each(@Sendable (Architecture) -> Rule?)

  func rule(_ architecture: Architecture) -> Rule? {
    switch self {
    case .all(let rule): rule
    case .ofTree(let rule): architecture.takesTree ? rule : nil
    case .each(let rule): rule(architecture)
    }
  }

  static func linux(_ file: String, _ function: String) -> Self { all(.linux(file, function)) }
  static func fdt(_ function: String) -> Self { ofTree(.linux("drivers/of/fdt.c", function)) }
  static func kexec(_ function: String) -> Self { ofTree(.linux("drivers/of/kexec.c", function)) }

  static func only(_ one: Architecture, _ file: String, _ function: String) -> Self {
    each { $0 == one ? .linux(file, function) : nil }
  }
}
