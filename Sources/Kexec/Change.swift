// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import JSONText
import PhysicalMemory

/// One thing done to a tree on its way to the next kernel, or left as it was on purpose.
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
  /// The rule it follows: a kernel file and function, or the option that asked for it.
  public let rule: String

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
  }

  /// A part of a tree.
  public enum Subject: Hashable, Sendable {
    /// A property of a node.
    case property(String, node: String)
    /// A node and all below it.
    case node(String)
    /// An entry of the memory reservation block.
    case reservation
    /// The whole tree.
    case tree
  }

  /// A value as it is shown; the bytes of a secret are never in one.
  public enum Value: Hashable, Sendable {
    /// A property's value.
    case property(PropertyValue)
    /// A physical address.
    case address(UInt64)
    /// Physical memory.
    case memory(AddressAndSize)
    /// Bytes that are nobody's business.
    case secret(byteCount: Int)
    /// Anything else, in words.
    case text(String)
  }

  init(
    _ action: Action, _ subject: Subject, from: Value? = nil, to: Value? = nil, reason: String,
    rule: String
  ) {
    self.action = action
    self.subject = subject
    self.from = from
    self.to = to
    self.reason = reason
    self.rule = rule
  }
}

extension Change.Value {
  /// How the value of a property is shown: seeds not at all, unless they were wiped.
  public init(_ property: Property) {
    if property.isHidden(by: ChosenProperty.secrets) {
      self = .secret(byteCount: property.value.bytes.count)
    } else if [ChosenProperty.initrdStart, ChosenProperty.initrdEnd].contains(property.name),
      let address = property.value.number
    {
      self = .address(address)
    } else {
      self = .property(property.value)
    }
  }
}

extension Change: CustomStringConvertible {
  /// One line: what, where, from, to; then why, by which rule.
  public var description: String {
    let values = [from, to].compactMap { $0?.description }.filter { !$0.isEmpty }
    let shown = values.isEmpty ? "" : " " + values.joined(separator: " -> ")
    return "\(action.rawValue) \(subject)\(shown): \(reason) [\(rule)]"
  }

  /// The same as an object: `action`, `node`, `property`, `from`, `to`, `reason`, `rule`.
  public var json: JSON {
    [
      "action": .string(action.rawValue), "what": .string(subject.kind),
      "node": subject.node.map(JSON.string), "property": subject.property.map(JSON.string),
      "from": from.map { .string($0.description) }, "to": to.map { .string($0.description) },
      "reason": .string(reason), "rule": .string(rule),
    ]
  }
}

extension Change.Subject: CustomStringConvertible {
  /// `/chosen: bootargs`, a node's path, `reservation` or `tree`.
  public var description: String {
    switch self {
    case .property(let name, let node): "\(node): \(name)"
    case .node(let path): path
    case .reservation, .tree: kind
    }
  }

  var kind: String {
    switch self {
    case .property: "property"
    case .node: "node"
    case .reservation: "reservation"
    case .tree: "tree"
    }
  }

  var node: String? {
    switch self {
    case .property(_, let node), .node(let node): node
    case .reservation, .tree: nil
    }
  }

  var property: String? {
    guard case .property(let name, _) = self else { return nil }
    return name
  }
}

extension Change.Value: CustomStringConvertible {
  /// A property's value in device-tree source, memory as first and last byte.
  public var description: String {
    switch self {
    case .property(let value): value.sourceText
    case .address(let address): "0x" + String(address, radix: 16)
    case .memory(let memory): memory.text
    case .secret(let byteCount): "(\(byteCount) secret bytes)"
    case .text(let text): text
    }
  }
}

extension AddressAndSize {
  /// The same memory as a range; nil when it is empty or wraps.
  var range: PhysicalRange? { PhysicalRange(start: address, size: size) }

  /// First and last byte, or both numbers where they are no range.
  public var text: String {
    range?.description ?? "0x\(String(address, radix: 16))+0x\(String(size, radix: 16))"
  }

  init(_ range: PhysicalRange) {
    self.init(address: range.start, size: range.size)
  }
}
