// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

/// Many edits of one child of the root at the cost of one.
///
/// libfdt moves everything after an edit, every time: patching `/chosen` of a 2 MiB tree takes a dozen
/// copies of 2 MiB. An excerpt is a small tree for the edits; putting it back is one copy. Both trees have
/// the same strings block, to which edits only append, so names keep their offsets.
extension DeviceTree {
  /// Edits the reservations and one child of the root, all or nothing.
  ///
  /// The body edits a small tree: the reservations, the root with its properties, and the child, if it
  /// exists. Aliases work only when the child is `/aliases`. The reservations and the child then replace
  /// those of this tree: a child that the body deletes is deleted; one that it adds, under any name, takes
  /// its place, or becomes the first child of the root. Changes of the root's properties and of the boot CPU
  /// are dropped, and `FDT_NOP` tags in the child removed. When the body throws, nothing changes.
  ///
  /// - Parameters:
  ///   - child: a name without slash; `chosen` also finds `chosen@0`, as in every path.
  ///   - body: the edits, with the paths of the whole tree: `/chosen`.
  /// - Throws: what the body throws; ``DeviceTreeError/Code/badName`` for an illegal name,
  ///   ``DeviceTreeError/Code/secondChild`` when the body leaves two children, and
  ///   ``DeviceTreeError/Code/noSpace`` when the tree would pass 2 GiB.
  @discardableResult
  public mutating func edit<Result, Failure: Error>(
    child: String, _ body: (inout DeviceTree) throws(Failure) -> Result
  ) throws -> Result {
    let place = try place(of: child)
    var excerpt = try excerpt(of: place)
    let result = try body(&excerpt)
    try putBack(excerpt, of: child, at: place)
    return result
  }

  /// A tree of the reservations, the root's properties and one child of the root, if it exists.
  ///
  /// - Parameter child: a name without slash; `chosen` also finds `chosen@0`, as in every path.
  package func excerpt(of child: String) throws(DeviceTreeError) -> DeviceTree {
    try excerpt(of: place(of: child))
  }

  private func excerpt(of place: Place) throws(DeviceTreeError) -> DeviceTree {
    let header = place.header
    var index = RootIndex()
    let assembly = try withBytes { (blob) throws(DeviceTreeError) in
      var structure: [UInt8] = []
      structure.reserveCapacity(place.root.count + place.child.count + 8)
      try structure.append(tokensIn: place.root, level: 0, of: blob, header)
      if let nameSize = place.nameSize { index.append(at: structure.count, nameSize: nameSize) }
      try structure.append(tokensIn: place.child, level: 1, of: blob, header)
      structure.append(bigEndian: StructureTag.endNode.rawValue)
      structure.append(bigEndian: StructureTag.end.rawValue)
      return try BlobAssembly(
        reservations: blob.extracting(header.reservations), structure: structure.span,
        strings: blob.extracting(header.strings), headroom: Self.headroom, bootCPU: bootCPU)
    }
    return DeviceTree(assembly, index)
  }

  /// Replaces the child and the reservations of this tree by those of an edited excerpt.
  ///
  /// All else keeps its bytes. Edits of this tree's child since the excerpt was made are lost.
  ///
  /// - Throws: ``DeviceTreeError/Code/staleExcerpt`` when the excerpt is of another tree, or of this one
  ///   before later edits.
  package mutating func putBack(
    _ excerpt: DeviceTree, of child: String
  ) throws(DeviceTreeError) {
    try putBack(excerpt, of: child, at: place(of: child))
  }

  private mutating func putBack(
    _ excerpt: DeviceTree, of child: String, at place: Place
  ) throws(DeviceTreeError) {
    let children = try excerpt.children(of: "/")
    guard children.count <= 1 else {
      throw DeviceTreeError(.secondChild, node: "/" + children[1])
    }
    let edits = try excerpt.place(of: children.first ?? child)
    let (header, editedHeader) = (place.header, edits.header)
    let assembly = try withBytes { (blob) throws(DeviceTreeError) in
      try excerpt.withBytes { (edited) throws(DeviceTreeError) in
        let strings = blob.extracting(header.strings)
        guard edited.extracting(editedHeader.strings).starts(with: strings) else {
          throw DeviceTreeError(.staleExcerpt, node: "/" + child)
        }
        return try BlobAssembly(
          reservations: edited.extracting(editedHeader.reservations),
          structure: blob.extracting(place.before), edited.extracting(edits.child),
          blob.extracting(place.after),
          strings: edited.extracting(editedHeader.strings), headroom: 0, bootCPU: bootCPU)
      }
    }
    replace(with: DeviceTree(assembly))
  }

  /// Whether another tree has the bytes of this one, but for the reservations, the boot CPU and one child
  /// of the root: the same tokens, and the same strings, or more strings at the end.
  package func hasSameBytes(as other: DeviceTree, besides child: String) -> Bool {
    guard let place = try? place(of: child), let otherPlace = try? other.place(of: child),
      place.before.count == otherPlace.before.count, place.after.count == otherPlace.after.count
    else { return false }
    return withBytes { blob in
      other.withBytes { otherBlob in
        [
          (place.before, otherPlace.before), (place.after, otherPlace.after),
          (place.header.strings, otherPlace.header.strings),
        ].allSatisfy { otherBlob.extracting($1).starts(with: blob.extracting($0)) }
      }
    }
  }

  /// The place of a child of the root in the blob.
  private struct Place {
    let header: BlobHeader
    /// The root up to the end of its properties.
    let root: Range<Int>
    /// The child; for a missing one empty, after the root's properties.
    let child: Range<Int>
    /// Bytes of the child's name; nil for a missing child.
    let nameSize: Int?
    /// The structure block before the child.
    var before: Range<Int> { header.structure.lowerBound..<child.lowerBound }
    /// The structure block after the child.
    var after: Range<Int> { child.upperBound..<header.structure.upperBound }
  }

  private func place(of child: String) throws(DeviceTreeError) -> Place {
    guard child.isLegalNodeName else { throw DeviceTreeError(.badName, node: "/" + child) }
    let offset = try rootChild(child.utf8.span)
    return try withBytes { (blob) throws(DeviceTreeError) in
      let header = try BlobHeader(blob)
      var cursor = StructureCursor(header)
      _ = try cursor.next(in: blob)
      while case .property = try cursor.next(in: blob) {}
      let root = header.structure.lowerBound..<cursor.tokenOffset
      guard let offset else {
        let end = root.upperBound..<root.upperBound
        return Place(header: header, root: root, child: end, nameSize: nil)
      }
      let start = root.lowerBound + Int(offset)
      cursor = StructureCursor(header, at: start, level: 1)
      guard case .beginNode(let name) = try cursor.next(in: blob) else {
        preconditionFailure("a node begins at its offset")
      }
      while cursor.level > 1 { _ = try cursor.next(in: blob) }
      return Place(
        header: header, root: root, child: start..<cursor.offset, nameSize: name.count)
    }
  }
}

extension Array<UInt8> {
  /// Appends a range of a structure block without `FDT_NOP` tags; `level` nodes are open at its start.
  fileprivate mutating func append(
    tokensIn range: Range<Int>, level: Int, of blob: Span<UInt8>, _ header: BlobHeader
  ) throws(DeviceTreeError) {
    var cursor = StructureCursor(header, at: range.lowerBound, level: level)
    // The tokens that were read and not yet copied.
    var (start, end) = (range.lowerBound, range.lowerBound)
    while cursor.offset < range.upperBound {
      _ = try cursor.next(in: blob)
      if cursor.tokenOffset > end {
        append(blob.extracting(start..<end))
        start = cursor.tokenOffset
      }
      guard cursor.offset <= range.upperBound else { return }
      end = cursor.offset
    }
    append(blob.extracting(start..<end))
  }
}

extension Span<UInt8> {
  fileprivate func starts(with other: Span<UInt8>) -> Bool {
    guard count >= other.count else { return false }
    return unsafe withUnsafeBytes { bytes in
      unsafe other.withUnsafeBytes { prefix in
        guard let start = bytes.baseAddress, let first = prefix.baseAddress else { return true }
        return unsafe memcmp(start, first, prefix.count) == 0
      }
    }
  }
}
