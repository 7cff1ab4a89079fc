// SPDX-License-Identifier: Apache-2.0

package import DeviceTree

/// One thing done to a tree, or a command line, on its way to the next kernel, or left as it was on purpose.
public struct Change: Hashable, Sendable {
  /// What was done.
  public let action: Action
  /// What it was done to.
  public let subject: Subject
  /// What was there before; nil for something new.
  public let from: Value?
  /// What is there now; nil for something removed.
  public let to: Value?
  /// Why, for the person who has to trust it.
  public let reason: String
  /// Where the reason can be looked up.
  public let rule: Rule

  /// What can be done to a part of a tree.
  public enum Action: String, Hashable, Sendable {
    /// It was not there.
    case added
    /// It has another value.
    case replaced
    /// It is gone.
    case removed
    /// It stays, which may surprise.
    case kept
    /// Another tree has it, and it was not taken over.
    case omitted
  }

  /// A part of a tree; later versions may know more kinds.
  public enum Subject: Hashable, Sendable {
    /// A property of a node.
    case property(String, node: String)
    /// A node and all below it.
    case node(String)
    /// An entry of the memory reservation block.
    case reservation
    /// The header's `boot_cpuid_phys`.
    case bootCPU
    /// The command line, where there is no tree that it is in.
    case commandLine
  }

  package init(
    _ action: Action, _ subject: Subject, from: Value? = nil, to: Value? = nil, reason: String,
    rule: Rule
  ) {
    self.action = action
    self.subject = subject
    self.from = from
    self.to = to
    self.reason = reason
    self.rule = rule
  }

  /// A property that has another value, is new, or is gone, or has the value that it was to have;
  /// values hidden where they are secret.
  package init(
    property name: String, of node: String, from: PropertyValue?, to: PropertyValue?,
    reason: String, rule: Rule
  ) {
    let action: Action =
      from == nil ? .added : to == nil ? .removed : from == to ? .kept : .replaced
    self.init(
      action, .property(name, node: node), from: from.map { Value(Property(name, $0)) },
      to: action == .kept ? nil : to.map { Value(Property(name, $0)) }, reason: reason, rule: rule)
  }

  /// A difference between the trees before and after an edit that is made elsewhere.
  package init(_ difference: TreeComparison.Difference, reason: String, rule: Rule) {
    switch difference {
    case .bootCPU(let from, let to):
      self.init(
        .replaced, .bootCPU, from: .number(UInt64(from)), to: .number(UInt64(to)), reason: reason,
        rule: rule)
    case .reservation(let entry, onlyIn: .first):
      self.init(.removed, .reservation, from: .memory(entry), reason: reason, rule: rule)
    case .reservation(let entry, onlyIn: .second):
      self.init(.added, .reservation, to: .memory(entry), reason: reason, rule: rule)
    case .node(let path, let side):
      self.init(side == .first ? .removed : .added, .node(path), reason: reason, rule: rule)
    case .property(let name, let node, let from, let to):
      self.init(property: name, of: node, from: from, to: to, reason: reason, rule: rule)
    }
  }
}

extension Change: CustomStringConvertible {
  /// One line: what, where, from, to; then why, by which rule.
  public var description: String {
    let values = [from, to].compactMap { $0?.description }.filter { !$0.isEmpty }
    let shown = values.isEmpty ? "" : " " + values.joined(separator: " -> ")
    return "\(action.rawValue) \(subject)\(shown): \(reason)\(rule.note)"
  }
}

extension Change.Subject: CustomStringConvertible {
  /// `/chosen: bootargs`, a node's path, `reservation`, `boot CPU` or `command line`.
  public var description: String {
    switch self {
    case .property(let name, let node): "\(node): \(name)"
    case .node(let path): path
    case .reservation: "reservation"
    case .bootCPU: "boot CPU"
    case .commandLine: "command line"
    }
  }
}
