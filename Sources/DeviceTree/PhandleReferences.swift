// SPDX-License-Identifier: Apache-2.0

/// The targets of the phandles of two trees, to compare references whose numbers differ, in linear time.
package struct PhandleReferences {
  private let first: Targets
  private let second: Targets

  /// Finds the targets of all phandles of two trees, by their roots.
  package init(_ first: Node, _ second: Node) {
    var numbers = PathNumbers()
    self.first = Targets(first, &numbers)
    self.second = Targets(second, &numbers)
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
      if Targets.ownNames.contains(name) { return true }
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

/// The nodes of one tree by phandle.
private struct Targets {
  static let ownNames: Set = ["phandle", "linux,phandle", "ibm,phandle"]

  struct Target {
    let path: PathNumbers.Number
    let counts: SpecifierCounts
  }

  private var targets: [UInt32: Target] = [:]

  init(_ root: Node, _ numbers: inout PathNumbers) {
    add(root, in: nil, &numbers)
  }

  /// The target of a phandle: of several nodes, the last one in the tree.
  subscript(phandle: UInt32) -> Target? { targets[phandle] }

  private mutating func add(
    _ node: Node, in parent: PathNumbers.Number?, _ numbers: inout PathNumbers
  ) {
    let path = numbers.number(of: node.name, in: parent)
    if let phandle = (node["phandle"] ?? node["linux,phandle"])?.phandle {
      targets[phandle] = Target(path: path, counts: SpecifierCounts(node))
    }
    for child in node.children { add(child, in: path, &numbers) }
  }
}

/// Numbers for paths, the same in both trees: a path itself can be 16 KB, and a tree have many.
private struct PathNumbers {
  typealias Number = Int

  private struct Step: Hashable {
    let parent: Number?
    let name: String
  }

  private var numbers: [Step: Number] = [:]

  mutating func number(of name: String, in parent: Number?) -> Number {
    let step = Step(parent: parent, name: name)
    if let known = numbers[step] { return known }
    numbers[step] = numbers.count
    return numbers.count - 1
  }
}
