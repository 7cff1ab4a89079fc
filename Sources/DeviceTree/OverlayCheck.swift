// SPDX-License-Identifier: Apache-2.0

/// Checks that an overlay's references lead somewhere, and that the places it wants them written to
/// are inside it.
///
/// libfdt 1.6 trusts `__local_fixups__`, and reads and writes wherever they point; later ones disagree
/// on the error for a label that is missing. Format: dtc `Documentation/dt-object-internal.txt`.
struct OverlayCheck {
  private let overlay: Node
  private let symbols: [Property]

  /// - Parameters:
  ///   - overlay: the root of the overlay.
  ///   - symbols: the properties of the tree's `/__symbols__`.
  init(_ overlay: Node, symbols: [Property]) {
    self.overlay = overlay
    self.symbols = symbols
  }

  /// - Throws: ``DeviceTreeError/Code/badOverlay`` at the fix-up that points outside its property, and
  ///   ``DeviceTreeError/Code/notFound`` for a label that the tree does not have.
  func run() throws(DeviceTreeError) {
    for fragment in overlay.children {
      guard fragment["target-path"]?.isPath ?? true else {
        throw DeviceTreeError(.badPath, node: "/" + fragment.name, property: "target-path")
      }
    }
    if let local = overlay.firstChild("__local_fixups__") {
      try check(local, of: overlay, path: "/__local_fixups__")
    }
    for fixup in overlay.firstChild("__fixups__")?.properties ?? [] {
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
      guard let node = target.firstChild(child.name) else {
        throw DeviceTreeError(.badOverlay, node: childPath)
      }
      try check(child, of: node, path: childPath)
    }
  }

  /// A label, and the places where its phandle goes: strings `path:property:offset`.
  private func check(_ fixup: Property) throws(DeviceTreeError) {
    guard let symbol = symbols.first(where: { $0.name == fixup.name }) else {
      throw DeviceTreeError(.notFound, node: "/__symbols__", property: fixup.name)
    }
    // libfdt 1.6 follows an alias to itself until the stack ends.
    guard symbol.value.isPath else {
      throw DeviceTreeError(.badPath, node: "/__symbols__", property: fixup.name)
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
    for name in path.split(separator: "/") { node = node?.firstChild(String(name)) }
    return node
  }
}

extension Node {
  /// The child that libfdt finds by this name, be it one with a unit address.
  fileprivate func firstChild(_ name: String) -> Node? {
    children.first { $0.name == name || !name.contains("@") && $0.name.hasPrefix(name + "@") }
  }
}

extension PropertyValue {
  fileprivate var isPath: Bool { string?.hasPrefix("/") ?? false }

  fileprivate func holdsPhandle(at offset: UInt64) -> Bool {
    bytes.count >= 4 && offset <= UInt64(bytes.count - 4)
  }
}
