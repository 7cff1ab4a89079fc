// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

/// Many edits of one child of the root at the price of one.
///
/// libfdt moves all that follows an edit, every time: patching `/chosen` of a 2 MiB tree is a dozen
/// copies of 2 MiB. An excerpt is a small tree to make the edits in; putting it back is one copy.
extension DeviceTree {
  /// A tree of the reservations, the root's own properties and one child of the root, if it exists.
  ///
  /// - Parameter child: a name without slash; `chosen` also finds `chosen@0`, as every path here.
  public func excerpt(of child: String) throws(DeviceTreeError) -> DeviceTree {
    let node = try extent(of: child).node
    let root = Node("", properties: try properties(of: "/"), children: node.map { [$0] } ?? [])
    return try DeviceTree(root: root, reservations: reservations, bootCPU: bootCPU)
  }

  /// Puts the child and the reservations of an edited excerpt in the place of this tree's own.
  ///
  /// A child that was not there becomes the first one, one that is gone is deleted. `FDT_NOP` tags
  /// in the old child go away; everything else keeps its bytes.
  public mutating func putBack(
    _ excerpt: DeviceTree, of child: String
  ) throws(DeviceTreeError) {
    let old = try self.extent(of: child)
    let new = try excerpt.extent(of: child).node
    let replaced = try withBytes { (blob) throws(DeviceTreeError) in
      let header = try BlobHeader(blob)
      let strings = header.stringsOffset..<header.stringsOffset + header.stringsSize
      let structure = header.structOffset..<header.structOffset + header.structSize

      var writer = StructureWriter(
        nameOffsets: blob.extracting(strings).offsets(of: new?.propertyNames ?? []),
        after: strings.count)
      if let new { try writer.append(new, path: "/", level: 2) }

      return try excerpt.withBytes { (edited) throws(DeviceTreeError) in
        let reservations = try BlobBlocks(checking: edited).reservations
        let before = structure.lowerBound..<old.range.lowerBound
        let after = old.range.upperBound..<structure.upperBound
        var assembly = try BlobAssembly(
          reservationsSize: reservations.count,
          structureSize: before.count + writer.structure.count + after.count,
          stringsSize: strings.count + writer.strings.count, headroom: Self.headroom,
          bootCPU: bootCPU)
        assembly.append(edited.extracting(reservations))
        assembly.append(blob.extracting(before))
        assembly.append(writer.structure.span)
        assembly.append(blob.extracting(after))
        assembly.append(blob.extracting(strings))
        assembly.append(writer.strings.span)
        return DeviceTree(assembly)
      }
    }
    replace(with: replaced)
  }

  /// A child of the root and the bytes it takes in the blob; without it, where it would go.
  private func extent(
    of child: String
  ) throws(DeviceTreeError) -> (node: Node?, range: Range<Int>) {
    let place = withPointer { blob in unsafe fdt_path_offset(blob, "/" + child) }
    guard place >= 0 || place == -FDT_ERR_NOTFOUND else {
      throw DeviceTreeError(.init(rawValue: -place), node: "/" + child)
    }
    return try withBytes { (blob) throws(DeviceTreeError) in
      let header = try BlobHeader(blob)
      guard place >= 0 else {
        let start = try Self.endOfRootProperties(header, in: blob)
        return (nil, start..<start)
      }
      let start = header.structOffset + Int(place)
      var cursor = StructureCursor(header, at: start, level: 1)
      let node = try cursor.readNode(in: blob)
      return (node, start..<cursor.offset)
    }
  }

  private static func endOfRootProperties(
    _ header: BlobHeader, in blob: Span<UInt8>
  ) throws(DeviceTreeError) -> Int {
    var cursor = StructureCursor(header)
    _ = try cursor.next(in: blob)
    while case .property = try cursor.next(in: blob) {}
    return cursor.tokenOffset
  }
}

extension Node {
  /// The names of all properties here and below.
  fileprivate var propertyNames: Set<String> {
    children.reduce(into: Set(properties.map(\.name))) { $0.formUnion($1.propertyNames) }
  }
}

extension Span<UInt8> {
  /// Finds which of the names stand in this strings block, and where; one pass.
  fileprivate func offsets(of names: Set<String>) -> [String: UInt32] {
    let bySize = Dictionary(grouping: names.map { Array($0.utf8) }, by: \.count)
    var offsets: [String: UInt32] = [:]
    var start = 0
    for index in indices where self[index] == 0 {
      for name in bySize[index - start] ?? [] {
        guard name.indices.allSatisfy({ self[start + $0] == name[$0] }) else { continue }
        offsets[String(decoding: name, as: UTF8.self)] = UInt32(start)
      }
      start = index + 1
    }
    return offsets
  }
}
