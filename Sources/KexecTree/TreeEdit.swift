// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
import KexecCheck
package import KexecFacts
import KexecMerge
import KexecRules
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
        throw .notReserved(edit.description, tree.reservations)
      }
      do throws(DeviceTreeError) {
        changes += try tree.apply(edit)
      } catch {
        guard case .overlay(_, let name) = edit else { throw .edit(edit.description, error) }
        throw .overlay(name, error)
      }
    }
    return (tree, changes)
  }

  private mutating func apply(_ edit: TreeEdit) throws(DeviceTreeError) -> [Change] {
    switch edit {
    case .overlay(let overlay, let name):
      return try applyTelling(overlay, name)
    case .set(let name, let node, let value):
      let path = try fullPath(of: node)
      let copies = try properties(of: path).filter { $0.name == name }.map(\.value)
      // Of several copies readers find one; setting it must leave no other.
      if copies.count > 1 { try deleteProperty(name, of: path) }
      try setProperty(name, of: path, to: value)
      let changes: [(PropertyValue?, PropertyValue?)] =
        [(copies.first, value)] + copies.dropFirst().map { ($0, nil) }
      return changes.map { old, new in
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

  /// Applies an overlay; what it changed is what differs afterwards.
  private mutating func applyTelling(
    _ overlay: DeviceTree, _ name: String
  ) throws(DeviceTreeError) -> [Change] {
    let before = self
    try apply(overlay: overlay)
    return before.compared(with: self).differences.map {
      Change($0, reason: "by the overlay \(name)", rule: .caller)
    }
  }
}
