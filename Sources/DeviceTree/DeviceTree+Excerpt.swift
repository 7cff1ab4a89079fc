// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

/// Many edits of one child of the root at the price of one.
///
/// libfdt moves all that follows an edit, every time: patching `/chosen` of a 2 MiB tree is a dozen
/// copies of 2 MiB. An excerpt is a small tree to make the edits in; putting it back is one copy.
/// Both trees share the strings block, which edits only add to, so names keep their offsets.
extension DeviceTree {
  /// A tree of the reservations, the root's own properties and one child of the root, if it exists.
  ///
  /// - Parameter child: a name without slash; `chosen` also finds `chosen@0`, as every path here.
  public func excerpt(of child: String) throws(DeviceTreeError) -> DeviceTree {
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
  ///
  /// - Throws: ``DeviceTreeError/Code/staleExcerpt`` when the excerpt is of another tree, or of this one
  ///   before later edits.
  public mutating func putBack(
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
