// SPDX-License-Identifier: Apache-2.0

import KexecFacts
import KexecRules

/// A rule by which kernels judge what they are given: what is demanded, by whom, and where it is checked.
///
/// Every rule is a row of ``all``. `dtfix check` of a tree and of a plan go through that list, and so does every
/// tree and plan that is made.
struct KernelRule: Sendable {
  /// A stable name in kebab-case.
  let id: String
  /// What a finding names: a property, a segment.
  let place: String
  /// What must be the case.
  let demand: String
  /// The function that minds.
  let reader: RuleReader
  /// What is checked: a rule for `Subject.newTree` refuses a tree that is being made.
  let subjects: [Subject]
  /// What the kernel is started for; nil stands for a tree that was not prepared for a kexec, such as a board's.
  let purposes: [Purpose?]
  /// The first and the last release that it holds for; nil for all that are supported.
  let since, until: KernelRelease?
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
    self.check = { reading in known.read(reading).map { check($0, reading) } ?? [] }
  }

  /// What breaks this rule; nothing when it is kept, and where it does not apply.
  func findings(in reading: Reading) -> [Finding] {
    guard subjects.contains(reading.subject), purposes.contains(reading.purpose),
      let reader = reader.rule(reading.architecture)
    else { return [] }
    return check(reading).map { Finding($0.place ?? place, $0.text, rule: $0.rule ?? reader) }
  }

  /// What a rule is applied to.
  enum Subject: CaseIterable {
    /// A finished tree, whoever made it.
    case tree
    /// A plan, with the tree or the command line in it: from a folder, or just made.
    case plan
    /// A tree that was just made, with what was requested.
    case newTree
  }

  /// What breaks a rule: at another place than the rule's, or for another reader, where that depends on what
  /// was read.
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

/// The kernel function that minds a rule: one for all architectures, or each has its own.
struct RuleReader: Sendable {
  /// The reader; nil for an architecture that has no such rule.
  let rule: @Sendable (Architecture) -> Rule?

  /// Each architecture's own.
  init(_ rule: @escaping @Sendable (Architecture) -> Rule?) { self.rule = rule }

  /// One for all architectures.
  static func all(_ rule: Rule) -> Self { Self { _ in rule } }

  /// One for all architectures, in a file of Linux.
  static func linux(_ file: String, _ function: String) -> Self { all(.linux(file, function)) }

  /// One for all kernels that are started with a tree.
  static func ofTree(_ rule: Rule) -> Self { Self { $0.takesTree ? rule : nil } }

  /// The same, in `drivers/of/fdt.c`, where early code reads its tree.
  static func fdt(_ function: String) -> Self { ofTree(.linux("drivers/of/fdt.c", function)) }

  /// The same, in `drivers/of/kexec.c`, where kernels write a tree for the next one.
  static func kexec(_ function: String) -> Self { ofTree(.linux("drivers/of/kexec.c", function)) }

  /// One architecture's alone.
  static func only(_ one: Architecture, _ file: String, _ function: String) -> Self {
    Self { $0 == one ? .linux(file, function) : nil }
  }
}
