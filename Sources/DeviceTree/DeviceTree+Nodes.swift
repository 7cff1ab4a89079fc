// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

extension DeviceTree {
  /// Whether a node exists.
  public func contains(_ node: String) -> Bool {
    (try? offset(of: node)) != nil
  }

  /// The names of a node's children, in the order of the tree, unit addresses included.
  public func children(of node: String) throws(DeviceTreeError) -> [String] {
    var names: [String] = []
    _ = try firstChild(of: node) { name in
      names.append(name)
      return false
    }
    return names
  }

  /// The name of a node's first child that fulfils a condition; nil when none does.
  public func firstChild(
    of node: String, where isWanted: (String) -> Bool
  ) throws(DeviceTreeError) -> String? {
    let parent = try offset(of: node)
    if parent == 0, let rootIndex {
      return withBytes { blob in
        rootIndex.firstName(in: blob.extracting(structureOffset...), where: isWanted)
      }
    }
    var found: String?
    try read(node: node) { blob in
      var child = unsafe fdt_first_subnode(blob, parent)
      while child >= 0 {
        let name = unsafe name(ofNodeAt: child, in: blob)
        if isWanted(name) {
          found = name
          return 0
        }
        child = unsafe fdt_next_subnode(blob, child)
      }
      return child == -FDT_ERR_NOTFOUND ? 0 : child
    }
    return found
  }

  /// The absolute paths of all nodes below a node, in the order of the tree, parents first.
  public func descendants(of node: String) throws(DeviceTreeError) -> [String] {
    let top = try offset(of: node)
    var paths: [String] = []
    var ancestors = [try path(of: top)]
    if ancestors[0] == "/" { ancestors[0] = "" }
    try read(node: node) { blob in
      var depth: CInt = 0
      var offset = unsafe fdt_next_node(blob, top, &depth)
      while offset >= 0, depth > 0 {
        ancestors.removeLast(ancestors.count - Int(depth))
        unsafe ancestors.append(ancestors[Int(depth) - 1] + "/" + name(ofNodeAt: offset, in: blob))
        paths.append(ancestors[Int(depth)])
        offset = unsafe fdt_next_node(blob, offset, &depth)
      }
      return offset == -FDT_ERR_NOTFOUND ? 0 : min(offset, 0)
    }
    return paths
  }

  /// The absolute path of a node that is named by an alias or without its unit address.
  public func fullPath(of node: String) throws(DeviceTreeError) -> String {
    try path(of: try offset(of: node))
  }

  /// Adds a node without properties as the first child of another.
  ///
  /// - Throws: ``DeviceTreeError/Code/exists`` when the parent has a child of this name, or of this name
  ///   with a unit address, which libfdt takes for the same, and ``DeviceTreeError/Code/badName`` for a
  ///   name that cannot be part of a path.
  public mutating func addNode(_ name: String, to parent: String) throws(DeviceTreeError) {
    let offset = try offset(of: parent)
    let path = (parent == "/" ? "" : parent) + "/" + name
    guard name.isLegalNodeName else { throw DeviceTreeError(.badName, node: path) }
    guard try level(of: parent) < StructureCursor.levelLimit else {
      throw DeviceTreeError(.tooDeep, node: path)
    }
    try edit(node: path) { blob in unsafe fdt_add_subnode(blob, offset, name) }
  }

  /// Deletes a node and everything below it.
  public mutating func deleteNode(_ node: String) throws(DeviceTreeError) {
    let offset = try offset(of: node)
    guard offset != 0 else { throw DeviceTreeError(.isRoot, node: node) }
    try edit(node: node) { blob in unsafe fdt_del_node(blob, offset) }
  }

  private func path(of offset: CInt) throws(DeviceTreeError) -> String {
    var size = 256
    while true {
      var buffer = [CChar](repeating: 0, count: size)
      let result = try read { blob in
        let result = unsafe fdt_get_path(blob, offset, &buffer, CInt(size))
        return result == -FDT_ERR_NOSPACE ? 1 : result
      }
      if result == 0 {
        let path = buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return String(decoding: path, as: UTF8.self)
      }
      size *= 2
    }
  }
}

/// The name of the node at an offset.
private func name(ofNodeAt offset: CInt, in blob: UnsafeRawPointer) -> String {
  guard let name = unsafe fdt_get_name(blob, offset, nil) else {
    preconditionFailure("a node has a name")
  }
  return unsafe String(cString: name)
}

extension String {
  /// Far above the 31 characters of the specification, which real trees exceed.
  static let longestName = 255

  /// Whether the name can be stored and read back: 1 to 255 characters of printable ASCII.
  package var isLegalName: Bool {
    let bytes = utf8.span
    guard 1...Self.longestName ~= bytes.count else { return false }
    let start = bytes.endOfLegalBytes(from: 0, to: bytes.count)
    return (start..<bytes.count).allSatisfy { bytes[$0].isLegalInName }
  }

  /// The same for a node, whose name is part of paths.
  package var isLegalNodeName: Bool {
    isLegalName && !utf8.contains(UInt8(ascii: "/"))
  }
}
