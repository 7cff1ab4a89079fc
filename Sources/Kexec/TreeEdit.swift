// SPDX-License-Identifier: Apache-2.0

public import DeviceTree

/// A change that a caller asks for, made before the hand-over.
public enum TreeEdit: Sendable {
  /// Apply an overlay; the name is only told.
  case overlay(DeviceTree, name: String)
  /// Set a property of a node that exists.
  case set(String, node: String, PropertyValue)
  /// Delete every copy of a property.
  case deleteProperty(String, node: String)
  /// Delete a node and all below it.
  case deleteNode(String)
}

extension DeviceTree {
  /// The tree with the edits made, in order, and what they changed.
  func applying(
    _ edits: [TreeEdit]
  ) throws(PlanError) -> (tree: DeviceTree, changes: [Change]) {
    var tree = self
    var changes: [Change] = []
    for edit in edits {
      do throws(DeviceTreeError) {
        changes += try tree.apply(edit)
      } catch {
        guard case .overlay(_, let name) = edit else { throw .tree(error) }
        throw .overlay(name, error)
      }
    }
    return (tree, changes)
  }

  private mutating func apply(_ edit: TreeEdit) throws(DeviceTreeError) -> [Change] {
    switch edit {
    case .overlay(let overlay, let name):
      try apply(overlay: overlay)
      return [
        Change(.replaced, .tree, to: .text(name), reason: "an overlay asked for", rule: "--overlay")
      ]
    case .set(let name, let node, let value):
      let path = try fullPath(of: node)
      let old = try deleteAllButOne(name, of: path)
      try setProperty(name, of: path, to: value)
      return [
        Change(
          old == nil ? .added : .replaced, .property(name, node: path),
          from: old.map { .init(Property(name, $0)) }, to: .init(Property(name, value)),
          reason: "asked for", rule: "--set")
      ]
    case .deleteProperty(let name, let node):
      let path = try fullPath(of: node)
      let old = try deleteProperty(name, of: path)
      guard !old.isEmpty else {
        throw DeviceTreeError(.notFound, node: path, property: name)
      }
      return old.map {
        Change(
          .removed, .property(name, node: path), from: .init(Property(name, $0)),
          reason: "asked for", rule: "--delete")
      }
    case .deleteNode(let node):
      let path = try fullPath(of: node)
      try deleteNode(path)
      return [Change(.removed, .node(path), reason: "asked for", rule: "--delete")]
    }
  }

  /// Leaves at most one copy of a property, so that setting it sets what readers find.
  private mutating func deleteAllButOne(
    _ name: String, of node: String
  ) throws(DeviceTreeError) -> PropertyValue? {
    let copies = try properties(of: node).filter { $0.name == name }
    if copies.count > 1 { try deleteProperty(name, of: node) }
    return copies.first?.value
  }
}
