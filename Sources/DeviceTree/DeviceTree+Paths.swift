// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

/// Finds nodes by path.
///
/// As `libfdt:fdt_path_offset`, with three differences. `/timer` is preferably the node of exactly that
/// name, where libfdt may find an earlier `timer@60005000`. An alias must be an absolute path, as in the
/// Devicetree Specification (section 3.3): libfdt 1.6 recurses without end for an alias to itself. And no
/// node has a name with a NUL byte, where C would stop reading.
extension DeviceTree {
  /// The node's offset in the structure block, valid until the next edit.
  func offset(of node: String) throws(DeviceTreeError) -> CInt {
    // Most paths are absolute, and then not copied.
    guard node.utf8.first == UInt8(ascii: "/") else {
      return try offset(of: node, at: absolutePath(node))
    }
    return try offset(of: node, at: node)
  }

  private func offset(of node: String, at path: String) throws(DeviceTreeError) -> CInt {
    let bytes = path.utf8.span
    var end = 0
    var offset: CInt = 0
    while let range = bytes.nextName(from: end) {
      end = range.upperBound
      let name = bytes.extracting(range)
      guard let child = try offset == 0 ? rootChild(name) : child(name, of: offset) else {
        throw DeviceTreeError(.notFound, node: node)
      }
      offset = child
    }
    return offset
  }

  /// The level of a node: 1 for the root.
  func level(of node: String) throws(DeviceTreeError) -> Int {
    let path = try absolutePath(node)
    return 1 + path.utf8.split(separator: UInt8(ascii: "/")).count
  }

  /// Replaces the alias at the start of a path.
  private func absolutePath(_ node: String) throws(DeviceTreeError) -> String {
    let slash = UInt8(ascii: "/")
    if node.utf8.first == slash { return node }
    let alias = node.prefix { $0 != "/" }
    guard !alias.isEmpty, contains("/aliases"),
      let path = try property(String(alias), of: "/aliases")?.string, path.utf8.first == slash
    else { throw DeviceTreeError(.badPath, node: node) }
    return path + node.dropFirst(alias.count)
  }

  /// The offset of the root's child of a name; nil for none.
  func rootChild(_ name: Span<UInt8>) throws(DeviceTreeError) -> CInt? {
    guard let rootIndex else { return child(name, of: 0) }
    return try withBytes { (blob) throws(DeviceTreeError) in
      rootIndex.offset(of: name, in: blob.extracting(structureOffset...))
    }
  }

  /// The child of exactly this name, else the first one of this name with a unit address.
  private func child(_ name: Span<UInt8>, of parent: CInt) -> CInt? {
    withPointer { blob in
      var short: CInt?
      var child = unsafe fdt_first_subnode(blob, parent)
      while child >= 0 {
        var size: CInt = 0
        let start = unsafe fdt_get_name(blob, child, &size)
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: Int(size))
        switch unsafe name.match(Span(_unsafeBytes: bytes)) {
        case .exact: return child
        case .withoutUnitAddress: short = short ?? child
        case .none: break
        }
        child = unsafe fdt_next_subnode(blob, child)
      }
      return short
    }
  }
}

/// How a name in a path matches the name of a node.
enum NameMatch {
  case none
  case withoutUnitAddress
  case exact
}

extension Span<UInt8> {
  /// The place of the next name in this path; nil at its end.
  fileprivate func nextName(from offset: Int) -> Range<Int>? {
    let slash = UInt8(ascii: "/")
    var start = offset
    while start < count, self[start] == slash { start += 1 }
    var end = start
    while end < count, self[end] != slash { end += 1 }
    return start < end ? start..<end : nil
  }

  /// Compares this name of a path with that of a node.
  func match(_ nodeName: Span<UInt8>) -> NameMatch {
    guard nodeName.count >= count else { return .none }
    for index in indices where self[index] != nodeName[index] { return .none }
    if count == nodeName.count { return .exact }
    let at = UInt8(ascii: "@")
    return nodeName[count] == at && !indices.contains { self[$0] == at }
      ? .withoutUnitAddress : .none
  }
}

/// The places of the root's children in a blob.
///
/// libfdt walks the whole tree to find out that `/reserved-memory` is missing, or that `/chosen` is the last
/// child; the check of a blob passes all children anyway.
struct RootIndex {
  private struct Child {
    /// The offset of its `FDT_BEGIN_NODE` in the structure block; its name follows.
    var offset: Int32
    let nameSize: Int32

    var name: Range<Int> { Int(offset) + 4..<Int(offset) + 4 + Int(nameSize) }
  }

  private var children: [Child] = []

  /// An index with room for the children that most roots have.
  init() { children.reserveCapacity(28) }

  /// Adds the next child.
  mutating func append(at offset: Int, nameSize: Int) {
    children.append(Child(offset: Int32(offset), nameSize: Int32(nameSize)))
  }

  /// Follows an edit of a property of the node at `offset`: children after it have moved.
  mutating func move(childrenAfter offset: Int32, by distance: Int32) {
    guard distance != 0 else { return }
    for place in children.indices where children[place].offset > offset {
      children[place].offset += distance
    }
  }

  /// The name of the first child that fulfils a condition.
  func firstName(in structure: Span<UInt8>, where isWanted: (String) -> Bool) -> String? {
    for child in children {
      let name = structure.text(child.name)
      if isWanted(name) { return name }
    }
    return nil
  }

  /// The child of exactly this name, else the first one of this name with a unit address.
  func offset(of wanted: Span<UInt8>, in structure: Span<UInt8>) -> Int32? {
    var short: Int32?
    for child in children {
      switch wanted.match(structure.extracting(child.name)) {
      case .exact: return child.offset
      case .withoutUnitAddress: short = short ?? child.offset
      case .none: continue
      }
    }
    return short
  }
}

// MARK: - Edits that keep the index

extension DeviceTree {
  /// Runs a libfdt call that edits only a property of the node at an offset, and moves the children after
  /// it in ``rootIndex``.
  @safe mutating func edit(
    _ property: String, of node: String, at offset: CInt, _ call: (UnsafeMutableRawPointer) -> CInt
  ) throws(DeviceTreeError) {
    var index = rootIndex
    let size = structureSize
    defer {
      index?.move(childrenAfter: offset, by: structureSize - size)
      rootIndex = index
    }
    try edit(node: node, property: property, call)
  }

  /// Runs a libfdt call that edits only the reservations, which keeps all offsets in the structure block.
  @safe mutating func editReservations(
    _ call: (UnsafeMutableRawPointer) -> CInt
  ) throws(DeviceTreeError) {
    let index = rootIndex
    defer { rootIndex = index }
    try edit(call)
  }

  /// The start of the structure block, in bytes from the start of the blob.
  var structureOffset: Int { withPointer { unsafe Int(clibfdt_structure_offset($0)) } }
  private var structureSize: Int32 { withPointer { unsafe Int32(clibfdt_structure_size($0)) } }
}
