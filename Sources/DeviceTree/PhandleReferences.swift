// SPDX-License-Identifier: Apache-2.0

/// The targets of the phandles of two trees, to compare references whose numbers differ, in linear time.
package struct PhandleReferences {
  private var first: Targets = [:]
  private var second: Targets = [:]

  /// Finds the targets of all phandles of two trees, by their roots.
  package init(_ first: Node, _ second: Node) {
    // Equal paths have the same number in both trees.
    var numbers: [Step: Int] = [:]
    self.first.add(first, &numbers)
    self.second.add(second, &numbers)
  }

  /// The references of two nodes of the same path.
  package func between(_ first: Node, _ second: Node) -> NodeReferences {
    NodeReferences(trees: self, first: SpecifierCounts(first), second: SpecifierCounts(second))
  }

  /// The references of two nodes of the same path.
  package struct NodeReferences {
    fileprivate let trees: PhandleReferences
    fileprivate let first: SpecifierCounts
    fileprivate let second: SpecifierCounts

    /// Whether a property of the two nodes means the same in both trees; one that gives a node its phandle
    /// always does.
    package func areSame(_ name: String, _ value: PropertyValue?, _ otherValue: PropertyValue?)
      -> Bool
    {
      if Property.phandles.contains(name) { return true }
      guard let value, let otherValue, value.bytes.count == otherValue.bytes.count,
        let cells = value.cells, let otherCells = otherValue.cells
      else { return value == otherValue }
      guard let layout = ReferenceLayout(property: name),
        let places = layout.places(in: cells, first, target: { trees.first[$0]?.counts }),
        let otherPlaces = layout.places(
          in: otherCells, second, target: { trees.second[$0]?.counts })
      else {
        return zip(cells, otherCells).allSatisfy { $0 == $1 || trees.leadToSame($0, $1) }
      }
      return places == otherPlaces
        && cells.indices.allSatisfy {
          places.contains($0)
            ? trees.leadToSame(cells[$0], otherCells[$0]) : cells[$0] == otherCells[$0]
        }
    }
  }

  private func leadToSame(_ phandle: UInt32, _ other: UInt32) -> Bool {
    switch (first[phandle], second[other]) {
    case (let target?, let otherTarget?): target.path == otherTarget.path
    case (nil, nil): phandle == other
    default: false
    }
  }
}

/// The targets of one tree by phandle; of several nodes with a phandle, the last one in the tree.
private typealias Targets = [UInt32: Target]

private struct Target {
  /// The number of its path.
  let path: Int
  let counts: SpecifierCounts
}

extension Targets {
  fileprivate mutating func add(
    _ node: Node, in parent: Int? = nil, _ numbers: inout [Step: Int]
  ) {
    let step = Step(parent: parent, name: node.name)
    let path = numbers[step] ?? numbers.count
    numbers[step] = path
    if let phandle = (node["phandle"] ?? node["linux,phandle"])?.phandle {
      self[phandle] = Target(path: path, counts: SpecifierCounts(node))
    }
    for child in node.children { add(child, in: path, &numbers) }
  }
}

/// The last step of a path, with the number of the path before it: a path itself can be 16 KB, and a tree
/// can have many.
private struct Step: Hashable {
  let parent: Int?
  let name: String
}
