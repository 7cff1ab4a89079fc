// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLibFDT

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
