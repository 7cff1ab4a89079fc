// SPDX-License-Identifier: Apache-2.0

/// Something that a board's tree and a machine's tree say differently, and only one can be right about.
public struct MergeConflict: Hashable, Sendable {
  /// Where it is in the board's tree.
  public let subject: Change.Subject
  /// What the board's tree says; nil when it says nothing.
  public let value: Change.Value?
  /// What messages call the machine's tree.
  public let machine: String
  /// Where it is in the machine's tree.
  public let machineSubject: Change.Subject
  /// What the machine's tree says; nil when it says nothing.
  public let machineValue: Change.Value?
  /// What to do about it.
  public let advice: String

  package init(
    _ subject: Change.Subject, _ value: Change.Value?, machine: String, _ there: Change.Subject,
    _ machineValue: Change.Value?, advice: String
  ) {
    (self.subject, self.value, self.machine) = (subject, value, machine)
    (machineSubject, self.machineValue, self.advice) = (there, machineValue, advice)
  }
}

extension MergeConflict: CustomStringConvertible {
  /// One line: the place, what the board's tree says there, what the machine's says, and where if that
  /// is elsewhere. Long values are cut.
  public var description: String {
    let (here, there) = (shown(value), shown(machineValue))
    switch (subject, machineSubject) {
    case (.property(let name, let node), .property(let other, let otherNode)):
      let place = node == otherNode ? "" : ": \(otherNode)"
      let property = name == other ? "" : ": '\(other)'"
      return "\(node): '\(name)' is \(here) here and \(there) in \(machine)\(place)\(property)"
    default:
      let place = subject == machineSubject ? "" : ": \(machineSubject)"
      return "\(subject): is \(here) here and \(there) in \(machine)\(place)"
    }
  }

  private func shown(_ value: Change.Value?) -> String {
    guard let value else { return "missing" }
    let text = value.description
    return text.isEmpty ? "there" : text.shortened
  }
}

extension String {
  /// The beginning of a text that is too long for a line.
  package var shortened: String {
    utf8.count <= 160 ? self : String(decoding: utf8.prefix(150), as: UTF8.self) + "…"
  }
}
