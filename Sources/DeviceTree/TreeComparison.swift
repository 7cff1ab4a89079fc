// SPDX-License-Identifier: Apache-2.0

/// What two trees say differently.
public struct TreeComparison: Hashable, Sendable {
  /// What one tree says and the other does not, in the order of the first tree.
  public fileprivate(set) var differences: [Difference] = []
  /// Nodes whose common children come in another order: it decides CPU numbers and probe order, but
  /// is no difference in meaning.
  public fileprivate(set) var reorderedNodes: [String] = []
  /// Whether the trees mean the same.
  public var isEqual: Bool { differences.isEmpty }

  /// One thing that differs: in the first tree `from`, in the second `to`; nil where it is missing.
  public enum Difference: Hashable, Sendable {
    /// The header's boot CPU.
    case bootCPU(from: UInt32, to: UInt32)
    /// A reservation that only one tree has.
    case reservation(AddressAndSize, onlyIn: Side)
    /// A node, with all below it, that only one tree has.
    case node(String, onlyIn: Side)
    /// A property of a node that both trees have.
    case property(String, node: String, from: PropertyValue?, to: PropertyValue?)
  }

  /// One of the two trees.
  public enum Side: Hashable, Sendable {
    /// The tree that was compared.
    case first
    /// The tree it was compared with.
    case second
  }
}

/// What a comparison takes the numbers of phandles for.
public enum PhandleReading: Sendable {
  /// Numbers like all others.
  case byValue
  /// References: equal when they lead to the node of the same path, whatever its number.
  case byTarget
}

extension DeviceTree {
  /// Compares two trees by meaning: the order of properties, of reservations and of nodes, free
  /// space and `FDT_NOP` tags do not count.
  ///
  /// Doubled names are matched by their order. With ``PhandleReading/byTarget``, properties that
  /// the bindings define as references are followed exactly; in others, a cell may differ when it is
  /// the phandle of the same node in both trees.
  public func compared(
    with other: DeviceTree, phandles: PhandleReading = .byValue
  ) -> TreeComparison {
    var comparison = TreeComparison()
    if bootCPU != other.bootCPU {
      comparison.differences.append(.bootCPU(from: bootCPU, to: other.bootCPU))
    }
    comparison.compare(reservations, other.reservations)
    let (first, second) = (root, other.root)
    let references = phandles == .byTarget ? PhandleReferences(first, second) : nil
    comparison.compare(first, second, path: "", references)
    return comparison
  }
}

extension TreeComparison {
  fileprivate mutating func compare(_ first: [AddressAndSize], _ second: [AddressAndSize]) {
    var unmatched = second.reduce(into: [:]) { $0[$1, default: 0] += 1 }
    for entry in first {
      guard let count = unmatched[entry], count > 0 else {
        differences.append(.reservation(entry, onlyIn: .first))
        continue
      }
      unmatched[entry] = count - 1
    }
    for (entry, count) in unmatched.sorted(by: { $0.key < $1.key }) where count > 0 {
      differences += Array(repeating: .reservation(entry, onlyIn: .second), count: count)
    }
  }

  fileprivate mutating func compare(
    _ first: Node, _ second: Node, path: String, _ references: PhandleReferences?
  ) {
    let node = path.isEmpty ? "/" : path
    let nodeReferences = references?.between(first, second)
    for (one, other) in pairs(first.properties, second.properties, by: \.name) {
      guard let name = (one ?? other)?.name else { continue }
      let isSame = nodeReferences?.areSame(name, one?.value, other?.value)
      guard !(isSame ?? (one?.value == other?.value)) else { continue }
      differences.append(.property(name, node: node, from: one?.value, to: other?.value))
    }

    var order: [Int] = []
    for (one, other) in pairs(first.children.indexed, second.children.indexed, by: \.node.name) {
      guard let one, let other else {
        let name = (one ?? other)?.node.name ?? ""
        differences.append(.node(path + "/" + name, onlyIn: one != nil ? .first : .second))
        continue
      }
      order.append(other.index)
      compare(one.node, other.node, path: path + "/" + one.node.name, references)
    }
    if order != order.sorted() { reorderedNodes.append(node) }
  }
}

/// Matches elements of the same name, doubled names by their order; unmatched ones of the second
/// list come last.
private func pairs<Element>(
  _ first: [Element], _ second: [Element], by name: KeyPath<Element, String>
) -> [(Element?, Element?)] {
  var left: [String: [Element]] = [:]
  for element in second.reversed() { left[element[keyPath: name], default: []].append(element) }
  var pairs: [(Element?, Element?)] = first.map { ($0, left[$0[keyPath: name]]?.popLast()) }
  for element in second {
    guard let unmatched = left[element[keyPath: name]]?.popLast() else { continue }
    pairs.append((nil, unmatched))
  }
  return pairs
}

private struct IndexedNode {
  let index: Int
  let node: Node
}

extension Array<Node> {
  fileprivate var indexed: [IndexedNode] {
    enumerated().map { IndexedNode(index: $0, node: $1) }
  }
}
