// SPDX-License-Identifier: Apache-2.0

/// Where the children of the root lie in a blob that was opened and not edited since.
///
/// libfdt walks the whole tree to say that `/reserved-memory` is not there, or to find `/chosen` at
/// its end; the check of a blob comes by all of them anyway.
struct RootIndex {
  /// A child: where it begins in the structure block, and where its name lies in that.
  private struct Child {
    let offset: Int32
    let name: Range<Int>
  }

  private var children: [Child] = []

  /// Adds the next child; both places are bytes from the start of the structure block.
  mutating func append(at offset: Int, name: Range<Int>) {
    children.append(Child(offset: Int32(offset), name: name))
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
  func offset(of wanted: Substring.UTF8View, in structure: Span<UInt8>) -> Int32? {
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
