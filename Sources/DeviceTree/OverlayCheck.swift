// SPDX-License-Identifier: Apache-2.0

/// Checks that an overlay's references lead somewhere, and that the places it wants them written to
/// are inside it.
///
/// libfdt 1.6 trusts `__local_fixups__`, and reads and writes wherever they point; later ones disagree
/// on the error for a label that is missing. Format: dtc `Documentation/dt-object-internal.txt`.
struct OverlayCheck {
  private let overlay: Node
  private let labels: Set<String>

  /// - Parameters:
  ///   - overlay: the root of the overlay.
  ///   - labels: the names in the tree's `/__symbols__`.
  init(_ overlay: Node, labels: [String]) {
    self.overlay = overlay
    self.labels = Set(labels)
  }

  /// - Throws: ``DeviceTreeError/Code/badOverlay`` at the fix-up that points outside its property, and
  ///   ``DeviceTreeError/Code/notFound`` for a label that the tree does not have.
  func run() throws(DeviceTreeError) {
    if let local = overlay.child("__local_fixups__") {
      try check(local, of: overlay, path: "/__local_fixups__")
    }
    for fixup in overlay.child("__fixups__")?.properties ?? [] {
      try check(fixup)
    }
  }

  /// A tree of the overlay's own shape, whose cells are offsets into properties of the same name.
  private func check(
    _ fixups: Node, of target: Node, path: String
  ) throws(DeviceTreeError) {
    for fixup in fixups.properties {
      guard let offsets = fixup.value.cells, let value = target[fixup.name] else {
        throw DeviceTreeError(.badOverlay, node: path, property: fixup.name)
      }
      for offset in offsets where !value.holdsPhandle(at: UInt64(offset)) {
        throw DeviceTreeError(
          .badOverlay, node: path, property: fixup.name, value: UInt64(offset))
      }
    }
    for child in fixups.children {
      let childPath = path + "/" + child.name
      guard let node = target.child(child.name) else {
        throw DeviceTreeError(.badOverlay, node: childPath)
      }
      try check(child, of: node, path: childPath)
    }
  }

  /// A label, and the places where its phandle goes: strings `path:property:offset`.
  private func check(_ fixup: Property) throws(DeviceTreeError) {
    guard labels.contains(fixup.name) else {
      throw DeviceTreeError(.notFound, node: "/__symbols__", property: fixup.name)
    }
    for place in fixup.value.strings ?? [""] {
      let parts = place.split(separator: ":", omittingEmptySubsequences: false)
      guard parts.count == 3, let node = node(at: parts[0]),
        let value = node[String(parts[1])], let offset = UInt64(parts[2]),
        value.holdsPhandle(at: offset)
      else { throw DeviceTreeError(.badOverlay, node: "/__fixups__", property: fixup.name) }
    }
  }

  private func node(at path: Substring) -> Node? {
    guard path.hasPrefix("/") else { return nil }
    var node: Node? = overlay
    for name in path.split(separator: "/") { node = node?.child(String(name)) }
    return node
  }
}

extension PropertyValue {
  fileprivate func holdsPhandle(at offset: UInt64) -> Bool {
    bytes.count >= 4 && offset <= UInt64(bytes.count - 4)
  }
}
