// SPDX-License-Identifier: Apache-2.0

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
    let path = try absolutePath(node)
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

  private func rootChild(_ name: Span<UInt8>) throws(DeviceTreeError) -> CInt? {
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
