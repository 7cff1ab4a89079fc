// SPDX-License-Identifier: Apache-2.0

/// Where the children of the root lie in a blob.
///
/// libfdt walks the whole tree to say that `/reserved-memory` is not there, or to find `/chosen` at
/// its end; the check of a blob comes by all of them anyway.
struct RootIndex {
  /// A child: where its `FDT_BEGIN_NODE` is, in bytes from the start of the structure block, and the
  /// size of its name, which follows the tag.
  private struct Child {
    var offset: Int32
    let nameSize: Int32

    var name: Range<Int> { Int(offset) + 4..<Int(offset) + 4 + Int(nameSize) }
  }

  private var children: [Child] = []

  /// An index with room for the children that most roots have.
  init() { children.reserveCapacity(28) }

  /// Adds the next child, which begins at an offset and has a name of so many bytes.
  mutating func append(at offset: Int, nameSize: Int) {
    children.append(Child(offset: Int32(offset), nameSize: Int32(nameSize)))
  }

  /// Follows an edit of a property of the node at `offset`: what begins later has moved.
  mutating func move(childrenBehind offset: Int32, by distance: Int32) {
    guard distance != 0 else { return }
    for place in children.indices where children[place].offset > offset {
      children[place].offset += distance
    }
  }

  /// The name of the first child that answers to a condition.
  func firstName(in structure: Span<UInt8>, where isWanted: (String) -> Bool) -> String? {
    for child in children {
      let name = structure.text(child.name)
      if isWanted(name) { return name }
    }
    return nil
  }

  /// The child of exactly this name, else the first one whose name without unit address it is.
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
