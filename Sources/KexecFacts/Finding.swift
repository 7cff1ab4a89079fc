// SPDX-License-Identifier: Apache-2.0

package import CrashCore

/// Something in a tree that the next kernel would refuse, ignore or misread, or that could not be
/// looked into.
public struct Finding: Hashable, Sendable {
  /// Where: a path, a property or an offset.
  public let place: String
  /// What is there, and what should be.
  public let text: String
  /// The reader that minds.
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
