// SPDX-License-Identifier: Apache-2.0

package import CrashCore

/// Something in a tree that the next kernel would refuse, ignore or misread, or that could not be
/// looked into.
public struct Finding: Hashable, Sendable {
  /// Where: a path, a property or an offset.
  public let place: String
  /// What is there, and what should be.
  public let text: String
  /// The reader that applies it.
  public let rule: Rule

  package init(_ place: String, _ text: String, rule: Rule) {
    self.place = place
    self.text = text
    self.rule = rule
  }
}

extension Finding {
  package init(_ finding: CoreFinding) {
    self.init(
      "\(finding.place)", finding.text, rule: .linux(finding.rule.file, finding.rule.name))
  }
}

extension Finding: CustomStringConvertible {
  /// One line: where, what and by which rule.
  public var description: String { "\(place): \(text)\(rule.note)" }
}

/// A fact that a result rests on, and where it comes from.
public struct Evidence: Hashable, Sendable {
  /// What is known: `linear map`, `kernel text`.
  public let fact: String
  /// What it is.
  public let value: String
  /// Who says so: a file, a rule, the caller.
  public let source: String

  package init(_ fact: String, _ value: String, _ source: String) {
    self.fact = fact
    self.value = value
    self.source = source
  }
}

extension Evidence: CustomStringConvertible {
  /// One line: the fact, its value and its source.
  public var description: String { "\(fact) \(value): from \(source)" }
}

/// A fact without which there is no core header; later versions may know more.
public enum CrashFact: Hashable, Sendable {
  /// Where the vmcoreinfo note is: no tool can read a dump without it.
  case vmcoreinfo
  /// Where the CPUs' registers are saved.
  case cpuNotes
  /// What RAM there is.
  case memory
  /// Where the first 64 KiB are copied to: ppc64.
  case backup
}
