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
  /// reservations and the child then take the place of this tree's own: a child that the body adds
  /// becomes the first one, one that it deletes is gone. Whatever else it changes is dropped: the
  /// root's properties, the boot CPU, nodes of another name. `FDT_NOP` tags inside the child go away.
  ///
  /// When the body throws, nothing changes.
  ///
  /// - Parameters:
  ///   - child: a name without slash; `chosen` also finds `chosen@0`, as every path here.
  ///   - body: the edits, by the same paths as in the whole tree: `/chosen`.
  /// - Returns: what the body returns.
  /// - Throws: what the body throws; ``DeviceTreeError/Code/badName`` for a name that no child has, and
  ///   ``DeviceTreeError/Code/noSpace`` when the whole would pass 2 GiB.
  @discardableResult
  public mutating func edit<Result>(
    child: String, _ body: (inout DeviceTree) throws(DeviceTreeError) -> Result
  ) throws(DeviceTreeError) -> Result {
    var excerpt = try excerpt(of: child)
    let result = try body(&excerpt)
    try putBack(excerpt, of: child)
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
    var excerpt = try excerpt(of: child)
    let result = try body(&excerpt)
    try putBack(excerpt, of: child)
    return result
  }

  /// A tree of the reservations, the root's own properties and one child of the root, if it exists.
  ///
  /// - Parameter child: a name without slash; `chosen` also finds `chosen@0`, as every path here.
  package func excerpt(of child: String) throws(DeviceTreeError) -> DeviceTree {
    let place = try place(of: child)
    let assembly = try withBytes { (blob) throws(DeviceTreeError) in
      let header = try BlobHeader(blob)
      let root = try Self.bytesWithoutNOPs(
        header.structOffset..<place.endOfRootProperties, header, level: 0, in: blob)
      let node = try Self.bytesWithoutNOPs(place.child, header, level: 1, in: blob)
      var end: [UInt8] = []
      end.append(bigEndian: StructureTag.endNode.rawValue)
      end.append(bigEndian: StructureTag.end.rawValue)

      var assembly = try BlobAssembly(
        reservationsSize: header.reservations.count,
        structureSize: root.count + node.count + end.count, stringsSize: header.strings.count,
        headroom: Self.headroom, bootCPU: bootCPU)
      assembly.append(blob.extracting(header.reservations))
      assembly.append(root.span)
      assembly.append(node.span)
      assembly.append(end.span)
      assembly.append(blob.extracting(header.strings))
      return assembly
    }
    return DeviceTree(assembly)
  }

  /// Puts the child and the reservations of an edited excerpt in the place of this tree's own.
  ///
  /// A child that was not there becomes the first one,
  /// one that is gone is deleted. `FDT_NOP` tags in the old child go away; all else keeps its bytes.
  /// Edits of this tree's own child since the excerpt was made are lost, hence ``edit(child:_:)``.
  ///
  /// - Throws: ``DeviceTreeError/Code/staleExcerpt`` when the excerpt is of another tree, or of this one
  ///   before later edits.
  package mutating func putBack(
    _ excerpt: DeviceTree, of child: String
  ) throws(DeviceTreeError) {
    let (old, new) = (try place(of: child).child, try excerpt.place(of: child).child)
    let assembly = try withBytes { (blob) throws(DeviceTreeError) in
      try excerpt.withBytes { (edited) throws(DeviceTreeError) in
        let (header, editedHeader) = (try BlobHeader(blob), try BlobHeader(edited))
        let strings = blob.extracting(header.strings)
        guard edited.extracting(editedHeader.strings).starts(with: strings) else {
          throw DeviceTreeError(.staleExcerpt, node: "/" + child)
        }
        let before = header.structOffset..<old.lowerBound
        let after = old.upperBound..<header.structure.upperBound
        var assembly = try BlobAssembly(
          reservationsSize: editedHeader.reservations.count,
          structureSize: before.count + new.count + after.count,
          stringsSize: editedHeader.strings.count, headroom: 0, bootCPU: bootCPU)
        assembly.append(edited.extracting(editedHeader.reservations))
        assembly.append(blob.extracting(before))
        assembly.append(edited.extracting(new))
        assembly.append(blob.extracting(after))
        assembly.append(edited.extracting(editedHeader.strings))
        return assembly
      }
    }
    replace(with: DeviceTree(assembly))
  }

  /// Where a child of the root lies in the blob, and where the root's properties end: there an empty
  /// place stands for a child that does not exist.
  private func place(
    of child: String
  ) throws(DeviceTreeError) -> (child: Range<Int>, endOfRootProperties: Int) {
    guard child.isLegalNodeName else { throw DeviceTreeError(.badName, node: "/" + child) }
    let offset = contains("/" + child) ? try offset(of: "/" + child) : nil
    return try withBytes { (blob) throws(DeviceTreeError) in
      let header = try BlobHeader(blob)
      var cursor = StructureCursor(header)
      _ = try cursor.next(in: blob)
      while case .property = try cursor.next(in: blob) {}
      let endOfProperties = cursor.tokenOffset
      guard let offset else { return (endOfProperties..<endOfProperties, endOfProperties) }

      let start = header.structOffset + Int(offset)
      cursor = StructureCursor(header, at: start, level: 1)
      repeat { _ = try cursor.next(in: blob) } while cursor.level > 1
      return (start..<cursor.offset, endOfProperties)
    }
  }

  /// The tokens of a part of the structure block that begins inside `level` open nodes.
  private static func bytesWithoutNOPs(
    _ range: Range<Int>, _ header: BlobHeader, level: Int, in blob: Span<UInt8>
  ) throws(DeviceTreeError) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(range.count)
    var cursor = StructureCursor(header, at: range.lowerBound, level: level)
    while cursor.offset < range.upperBound {
      _ = try cursor.next(in: blob)
      guard cursor.offset <= range.upperBound else { break }
      bytes.append(blob.extracting(cursor.tokenOffset..<cursor.offset))
    }
    return bytes
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
