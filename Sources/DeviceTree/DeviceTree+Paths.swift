// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

/// How callers' paths become offsets.
///
/// As `libfdt:fdt_path_offset`, with three differences. `/timer` is first the node of just that name,
/// where libfdt may answer with an earlier `timer@60005000`. An alias is an absolute path, as the
/// Devicetree Specification (section 3.3) wants it: libfdt 1.6 follows an alias to itself until the
/// stack ends. And a name with a NUL byte in it names nothing, where C would stop reading.
extension DeviceTree {
  /// The node's place in the structure block; it is gone with the next edit.
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

  /// How many nodes are open inside this one: 1 for the root.
  func level(of node: String) throws(DeviceTreeError) -> Int {
    let path = try absolutePath(node)
    return 1 + path.utf8.split(separator: UInt8(ascii: "/")).count
  }

  /// Puts the alias that a path begins with in its full form.
  private func absolutePath(_ node: String) throws(DeviceTreeError) -> String {
    let slash = UInt8(ascii: "/")
    if node.utf8.first == slash { return node }
    let alias = node.prefix { $0 != "/" }
    guard !alias.isEmpty else { throw DeviceTreeError(.badPath, node: node) }
    guard let target = try aliasValue(String(alias)) else {
      throw DeviceTreeError(.badPath, node: node)
    }
    guard let path = target.string, path.utf8.first == slash else {
      throw DeviceTreeError(.badPath, node: node)
    }
    return path + node.dropFirst(alias.count)
  }

  private func aliasValue(_ name: String) throws(DeviceTreeError) -> PropertyValue? {
    contains("/aliases") ? try property(name, of: "/aliases") : nil
  }

  private func rootChild(_ name: Span<UInt8>) throws(DeviceTreeError) -> CInt? {
    guard let rootIndex else { return child(name, of: 0) }
    return try withBytes { (blob) throws(DeviceTreeError) in
      rootIndex.offset(of: name, in: blob.extracting(structureOffset...))
    }
  }

  /// The child of exactly this name, else the first one whose name without unit address it is.
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

/// How well a name in a path fits the name of a node.
enum NameMatch {
  case none
  case withoutUnitAddress
  case exact
}

extension Span<UInt8> {
  /// Where the next name in this path lies; nil at its end.
  fileprivate func nextName(from offset: Int) -> Range<Int>? {
    let slash = UInt8(ascii: "/")
    var start = offset
    while start < count, self[start] == slash { start += 1 }
    var end = start
    while end < count, self[end] != slash { end += 1 }
    return start < end ? start..<end : nil
  }

  /// Compares this name, of a path, with a node's.
  func match(_ nodeName: Span<UInt8>) -> NameMatch {
    guard nodeName.count >= count else { return .none }
    for index in indices where self[index] != nodeName[index] { return .none }
    if count == nodeName.count { return .exact }
    let at = UInt8(ascii: "@")
    return nodeName[count] == at && !indices.contains { self[$0] == at }
      ? .withoutUnitAddress : .none
  }
}
