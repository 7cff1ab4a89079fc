// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
package import KexecFacts
public import PhysicalMemory

/// A change that a caller requests, made before the hand-over; later versions may know more.
public indirect enum TreeEdit: Hashable, Sendable {
  /// Apply an overlay; the name is for messages.
  case overlay(DeviceTree, name: String)
  /// Set a property of a node that exists.
  case set(String, node: String, PropertyValue)
  /// Delete every copy of a property.
  case deleteProperty(String, node: String)
  /// Delete a node and all below it.
  case deleteNode(String)
  /// Delete every reservation of exactly this memory.
  case unreserve(PhysicalRange)
}

extension TreeEdit: CustomStringConvertible {
  /// The edit in a few words; a value that is set is not repeated.
  public var description: String {
    switch self {
    case .overlay(_, let name): "overlay \(name)"
    case .set(let name, let node, _): "set \(node):\(name)"
    case .deleteProperty(let name, let node): "delete \(node):\(name)"
    case .deleteNode(let node): "delete \(node)"
    case .unreserve(let range): "unreserve \(range)"
    }
  }
}

extension DeviceTree {
  /// The tree with the edits made, in order, and what they changed.
  package func applying(
    _ edits: [TreeEdit]
  ) throws(KexecError) -> (tree: DeviceTree, changes: [Change]) {
    var tree = self
    var changes: [Change] = []
    for edit in edits {
      if case .unreserve(let range) = edit, !tree.reservations.contains(AddressAndSize(range)) {
        let entries = tree.reservations.prefix(8).map(\.text).joined(separator: ", ")
        throw KexecError(
          .usage,
          "\(edit): no such reservation; the tree has \(entries.isEmpty ? "none" : entries)",
          about: .edit)
      }
      do throws(DeviceTreeError) {
        changes += try tree.apply(edit)
      } catch {
        guard case .overlay(_, let name) = edit else {
          throw KexecError(.usage, "\(edit): \(error)", about: .edit, cause: .tree(error))
        }
        throw KexecError(.malformedInput, "\(name): \(error)", cause: .tree(error))
      }
    }
    return (tree, changes)
  }

  /// Sets a property and deletes all other copies of it: readers find one. Returns the one that is set first.
  mutating func replaceProperty(
    _ name: String, of node: String, with value: PropertyValue
  ) throws(DeviceTreeError) -> [(old: PropertyValue?, new: PropertyValue?)] {
    let copies = try properties(of: node).filter { $0.name == name }.map(\.value)
    if copies.count > 1 { try deleteProperty(name, of: node) }
    try setProperty(name, of: node, to: value)
    return [(copies.first, value)] + copies.dropFirst().map { ($0, nil) }
  }

  private mutating func apply(_ edit: TreeEdit) throws(DeviceTreeError) -> [Change] {
    switch edit {
    case .overlay(let overlay, let name):
      let before = self
      try apply(overlay: overlay)
      return before.compared(with: self).differences.map {
        Change($0, reason: "by the overlay \(name)", rule: .caller)
      }
    case .set(let name, let node, let value):
      let path = try fullPath(of: node)
      return try replaceProperty(name, of: path, with: value).map { old, new in
        Change(property: name, of: path, from: old, to: new, reason: "requested", rule: .caller)
      }
    case .deleteProperty(let name, let node):
      let path = try fullPath(of: node)
      let old = try deleteProperty(name, of: path)
      guard !old.isEmpty else {
        throw DeviceTreeError(.notFound, node: path, property: name)
      }
      return old.map {
        Change(property: name, of: path, from: $0, to: nil, reason: "requested", rule: .caller)
      }
    case .deleteNode(let node):
      let path = try fullPath(of: node)
      try deleteNode(path)
      return [Change(.removed, .node(path), reason: "requested", rule: .caller)]
    case .unreserve(let range):
      let entry = AddressAndSize(range)
      try deleteReservation(entry)
      return [
        Change(.removed, .reservation, from: .memory(entry), reason: "requested", rule: .caller)
      ]
    }
  }
}

// MARK: - Reading text

extension TreeEdit {
  /// The form that a text does not have.
  package enum TextError: Error, Hashable {
    case setting
    case value
    case place
    case range
  }

  /// Reads `PATH:PROPERTY=VALUE`, or `PATH:PROPERTY` for a property without bytes.
  package init(setting text: String) throws(TextError) {
    let (node, rest) = try Self.place(text)
    guard let rest, let name = rest.split(separator: "=", omittingEmptySubsequences: false).first,
      !name.isEmpty
    else { throw .setting }
    guard let value = PropertyValue(sourceText: String(rest.dropFirst(name.count + 1))) else {
      throw .value
    }
    self = .set(String(name), node: node, value)
  }

  /// Reads `PATH` or `PATH:PROPERTY`.
  package init(deletion text: String) throws(TextError) {
    let (node, property) = try Self.place(text)
    self = property.map { .deleteProperty($0, node: node) } ?? .deleteNode(node)
  }

  /// Reads a range of reserved memory.
  package init(unreservation text: String) throws(TextError) {
    guard let range = PhysicalRange(text: text) else { throw .range }
    self = .unreserve(range)
  }

  /// A path, and what follows its colon.
  private static func place(_ text: String) throws(TextError) -> (node: String, rest: String?) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let node = parts.first, !node.isEmpty, parts.last?.isEmpty == false else {
      throw .place
    }
    return (String(node), parts.count == 2 ? String(parts[1]) : nil)
  }
}

extension TreeEdit.TextError: CustomStringConvertible {
  /// What the text should be.
  package var description: String {
    switch self {
    case .setting: "a setting is /node:property=value"
    case .value: "a value is text, \"text\", <0x1 0x2>, [c0 de] or nothing"
    case .place: "a place is /node or /node:property"
    case .range: PhysicalRange.textForms
    }
  }
}
