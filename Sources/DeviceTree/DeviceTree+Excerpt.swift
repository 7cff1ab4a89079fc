// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

/// Many edits of one child of the root at the price of one.
///
/// libfdt moves all that follows an edit, every time: patching `/chosen` of a 2 MiB tree is a dozen
/// copies of 2 MiB. An excerpt is a small tree to make the edits in; putting it back is one copy.
/// Both trees share the strings block, which edits only add to, so names keep their offsets.
extension DeviceTree {
  /// Makes many edits of the reservations and of one child of the root, all of them or none.
  ///
  /// The body edits a small tree: the reservations, the root with its own properties, and that child
  /// with all below it, if it exists. Aliases lead nowhere unless the child is `/aliases`. The
  /// reservations and the child then take the place of this tree's own: one that the body deletes is
  /// gone, one that it adds, by whatever name, takes its place, or becomes the first child of the root
  /// where there was none. What else it changes is dropped: the root's properties, the boot CPU.
  /// `FDT_NOP` tags inside the child go away.
  ///
  /// When the body throws, nothing changes.
  ///
  /// - Parameters:
  ///   - child: a name without slash; `chosen` also finds `chosen@0`, as every path here.
  ///   - body: the edits, by the same paths as in the whole tree: `/chosen`.
  /// - Returns: what the body returns.
  /// - Throws: what the body throws; ``DeviceTreeError/Code/badName`` for a name that no child has,
  ///   ``DeviceTreeError/Code/secondChild`` when the body leaves two children, and
  ///   ``DeviceTreeError/Code/noSpace`` when the whole would pass 2 GiB.
  @discardableResult
  public mutating func edit<Result>(
    child: String, _ body: (inout DeviceTree) throws(DeviceTreeError) -> Result
  ) throws(DeviceTreeError) -> Result {
    let place = try place(of: child)
    var excerpt = try excerpt(of: place)
    let result = try body(&excerpt)
    try putBack(excerpt, of: child, at: place)
    return result
  }

  /// The same for a body that has errors of its own, or does not say `throws(DeviceTreeError)`, which
  /// Swift 6 does not infer for a closure.
  ///
  /// - Throws: what the body throws, and ``DeviceTreeError``.
  @discardableResult
  public mutating func edit<Result>(
    child: String, _ body: (inout DeviceTree) throws -> Result
  ) throws -> Result {
    let place = try place(of: child)
    var excerpt = try excerpt(of: place)
    let result = try body(&excerpt)
    try putBack(excerpt, of: child, at: place)
    return result
  }

  /// A tree of the reservations, the root's own properties and one child of the root, if it exists.
  ///
  /// - Parameter child: a name without slash; `chosen` also finds `chosen@0`, as every path here.
  package func excerpt(of child: String) throws(DeviceTreeError) -> DeviceTree {
    try excerpt(of: place(of: child))
  }

  private func excerpt(of place: Place) throws(DeviceTreeError) -> DeviceTree {
    let header = place.header
    var index = RootIndex()
    let assembly = try withBytes { (blob) throws(DeviceTreeError) in
      var structure: [UInt8] = []
      structure.reserveCapacity(
        place.endOfRootProperties - header.structOffset + place.child.count + 8)
      try structure.append(
        tokensIn: header.structOffset..<place.endOfRootProperties, level: 0, of: blob, header)
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

  /// Puts the child and the reservations of an edited excerpt in the place of this tree's own.
  ///
  /// A child that was not there becomes the first one,
  /// one that is gone is deleted. `FDT_NOP` tags in the old child go away; all else keeps its bytes.
  /// Edits of this tree's own child since the excerpt was made are lost, hence `edit(child:_:)`.
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
        let before = header.structOffset..<place.child.lowerBound
        let after = place.child.upperBound..<header.structure.upperBound
        return try BlobAssembly(
          reservations: edited.extracting(editedHeader.reservations),
          structure: blob.extracting(before), edited.extracting(edits.child),
          blob.extracting(after),
          strings: edited.extracting(editedHeader.strings), headroom: 0, bootCPU: bootCPU)
      }
    }
    replace(with: DeviceTree(assembly))
  }

  /// Whether another tree, in all but the reservations, the boot CPU and one child of the root, has
  /// the bytes of this one: the same tokens, and the same strings with perhaps more behind them.
  package func hasSameBytes(as other: DeviceTree, besides child: String) -> Bool {
    guard let place = try? place(of: child), let otherPlace = try? other.place(of: child) else {
      return false
    }
    return withBytes { blob in
      other.withBytes { otherBlob in
        let (parts, others) = (place.surroundings, otherPlace.surroundings)
        return zip(parts, others).allSatisfy { $0.count == $1.count }
          && zip(parts, others).allSatisfy {
            otherBlob.extracting($1).starts(with: blob.extracting($0))
          }
          && otherBlob.extracting(otherPlace.header.strings).starts(
            with: blob.extracting(place.header.strings))
      }
    }
  }

  /// Where a child of the root lies in the blob.
  private struct Place {
    /// The blob's header.
    let header: BlobHeader
    /// The child; an empty place behind the root's properties for one that does not exist.
    let child: Range<Int>
    /// Bytes of the child's name; nil for one that does not exist.
    let nameSize: Int?
    /// Where the root's properties end.
    let endOfRootProperties: Int
    /// The structure block before the child and behind it.
    var surroundings: [Range<Int>] {
      [header.structOffset..<child.lowerBound, child.upperBound..<header.structure.upperBound]
    }
  }

  private func place(of child: String) throws(DeviceTreeError) -> Place {
    guard child.isLegalNodeName else { throw DeviceTreeError(.badName, node: "/" + child) }
    let offset = try? offset(of: "/" + child)
    return try withBytes { (blob) throws(DeviceTreeError) in
      let header = try BlobHeader(blob)
      var cursor = StructureCursor(header)
      _ = try cursor.next(in: blob)
      while case .property = try cursor.next(in: blob) {}
      let end = cursor.tokenOffset
      guard let offset else {
        return Place(header: header, child: end..<end, nameSize: nil, endOfRootProperties: end)
      }
      let start = header.structOffset + Int(offset)
      cursor = StructureCursor(header, at: start, level: 1)
      guard case .beginNode(let name) = try cursor.next(in: blob) else {
        preconditionFailure("a node begins at its offset")
      }
      while cursor.level > 1 { _ = try cursor.next(in: blob) }
      return Place(
        header: header, child: start..<cursor.offset, nameSize: name.count, endOfRootProperties: end
      )
    }
  }
}

extension Array<UInt8> {
  /// Appends a part of a structure block that begins inside `level` open nodes, without `FDT_NOP`
  /// tags.
  fileprivate mutating func append(
    tokensIn range: Range<Int>, level: Int, of blob: Span<UInt8>, _ header: BlobHeader
  ) throws(DeviceTreeError) {
    var cursor = StructureCursor(header, at: range.lowerBound, level: level)
    // Where the tokens begin that were seen and not yet copied, and where they end.
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
      unsafe other.withUnsafeBytes { others in
        guard let start = bytes.baseAddress, let first = others.baseAddress else { return true }
        return unsafe memcmp(start, first, others.count) == 0
      }
    }
  }
}

extension Array<UInt8> {
  /// Appends the bytes of a span.
  mutating func append(_ span: Span<UInt8>) {
    unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
