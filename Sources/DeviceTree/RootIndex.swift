// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

/// Where the children of the root lie in a blob that was opened and not edited since.
///
/// libfdt walks the whole tree to say that `/reserved-memory` is not there, or to find `/chosen` at
/// its end; the check of a blob comes by all of them anyway.
struct RootIndex {
  /// A child: where it begins in the structure block, and where its name lies in that.
  private struct Child {
    let offset: CInt
    let name: Range<Int>
  }

  private var children: [Child] = []

  /// Adds the next child; both places are bytes from the start of the structure block.
  mutating func append(at offset: Int, name: Range<Int>) {
    children.append(Child(offset: CInt(offset), name: name))
  }

  /// The first child that a name in a path means, as `libfdt:fdt_subnode_offset` compares: without
  /// `@`, the unit address of the child does not count.
  func offset(of wanted: Substring.UTF8View, in structure: Span<UInt8>) -> CInt? {
    let hasUnitAddress = wanted.contains(UInt8(ascii: "@"))
    for child in children {
      let name = structure.extracting(child.name)
      guard name.begins(with: wanted) else { continue }
      if name.count == wanted.count { return child.offset }
      if !hasUnitAddress, name[wanted.count] == UInt8(ascii: "@") { return child.offset }
    }
    return nil
  }
}

extension Span<UInt8> {
  fileprivate func begins(with bytes: Substring.UTF8View) -> Bool {
    guard bytes.count <= count else { return false }
    var index = 0
    for byte in bytes {
      guard self[index] == byte else { return false }
      index += 1
    }
    return true
  }
}

extension DeviceTree {
  /// Finds a node from the root's children on; nil where libfdt has to look for it.
  ///
  /// - Throws: ``DeviceTreeError/Code/notFound``.
  func indexedOffset(of node: String) throws(DeviceTreeError) -> CInt? {
    let slash = UInt8(ascii: "/")
    guard let rootIndex, node.utf8.first == slash else { return nil }
    let path = node.utf8.dropFirst()
    guard !path.isEmpty else { return 0 }
    let first = path.prefix { $0 != slash }
    let child = try withBytes { (blob) throws(DeviceTreeError) in
      rootIndex.offset(of: first, in: blob.extracting(try BlobHeader(blob).structure))
    }
    guard var offset = child else { throw DeviceTreeError(.notFound, node: node) }
    for name in path.dropFirst(first.count).split(separator: slash) {
      offset = try read(node: node) { blob in
        unsafe fdt_subnode_offset(blob, offset, String(Substring(name)))
      }
    }
    return offset
  }
}
