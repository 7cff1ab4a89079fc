// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

extension DeviceTree {
  /// Applies an overlay (`.dtbo`), as `fdtoverlay` does.
  ///
  /// When it fails, the tree is unchanged.
  ///
  /// - Throws: ``DeviceTreeError/Code/notFound`` for a label that is not in the tree's `__symbols__` (trees
  ///   built without `dtc -@` have none), and ``DeviceTreeError/Code/badOverlay``.
  public mutating func apply(overlay: DeviceTree) throws(DeviceTreeError) {
    let symbols = contains("/__symbols__") ? try properties(of: "/__symbols__") : []
    try OverlayCheck(overlay: overlay.root, symbols: symbols).run()
    var base = self
    while true {
      // libfdt damages both blobs when it fails, so each attempt has its own copies.
      var (target, fragments) = (base, overlay)
      let result = target.withMutablePointer { target in
        fragments.withMutablePointer { fragments in
          unsafe fdt_overlay_apply(target, fragments)
        }
      }
      if result == -FDT_ERR_NOSPACE {
        try base.grow()
        continue
      }
      guard result == 0 else { throw DeviceTreeError(.init(rawValue: -result)) }
      // An overlay may make the tree too deep.
      _ = try target.withBytes { (blob) throws(DeviceTreeError) in
        try BlobBlocks(checking: blob)
      }
      return replace(with: target)
    }
  }
}

/// Checks that the targets of an overlay's references exist, and that its fixups are inside its properties.
///
/// libfdt 1.6 trusts `__local_fixups__`, and reads and writes wherever they point; later versions disagree
/// on the error for a missing label. Format: dtc `Documentation/dt-object-internal.txt`.
private struct OverlayCheck {
  /// The root of the overlay.
  let overlay: Node
  /// The properties of the tree's `/__symbols__`.
  let symbols: [Property]

  /// - Throws: ``DeviceTreeError/Code/badOverlay`` at a fixup that points outside its property, and
  ///   ``DeviceTreeError/Code/notFound`` for a label that the tree does not have.
  func run() throws(DeviceTreeError) {
    guard overlay.children.contains(where: { $0.child("__overlay__") != nil }) else {
      throw DeviceTreeError(.badOverlay, node: "/")
    }
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

  /// Checks local fixups: a tree of the overlay's shape, whose cells are offsets into properties of the
  /// same name.
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

  /// Checks the fixups of a label: the places of its phandle, as strings `path:property:offset`.
  private func check(_ fixup: Property) throws(DeviceTreeError) {
    guard let symbol = symbols.first(where: { $0.name == fixup.name }) else {
      throw DeviceTreeError(.notFound, node: "/__symbols__", property: fixup.name)
    }
    // libfdt 1.6 recurses without end for an alias to itself.
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
  /// The child that libfdt finds by this name, with or without a unit address.
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
