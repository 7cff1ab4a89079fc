// SPDX-License-Identifier: Apache-2.0

/// The differences between two trees.
public struct TreeComparison: Hashable, Sendable {
  /// The differences, in the order of the first tree.
  public fileprivate(set) var differences: [Difference] = []
  /// Nodes whose common children are in another order, which decides CPU numbers and probe order; not a
  /// difference in meaning.
  public fileprivate(set) var reorderedNodes: [String] = []
  /// Whether the trees mean the same.
  public var isEqual: Bool { differences.isEmpty }

  /// A difference: `from` in the first tree, `to` in the second; nil where it is missing.
  public enum Difference: Hashable, Sendable {
    /// The header's boot CPU.
    case bootCPU(from: UInt32, to: UInt32)
    /// A reservation that only one tree has.
    case reservation(AddressAndSize, onlyIn: Side)
    /// A node, with everything below it, that only one tree has.
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

/// How phandles are compared.
public enum PhandleReading: Sendable {
  /// As numbers.
  case byValue
  /// As references: equal when their targets have the same path.
  case byTarget
}

extension DeviceTree {
  /// Compares two trees by meaning: the order of properties, of reservations and of nodes, free
  /// space and `FDT_NOP` tags do not count.
  ///
  /// Repeated names are matched in order. With ``PhandleReading/byTarget``, the targets of known references
  /// must agree; in other properties, a cell may differ when it is the phandle of the same node in both
  /// trees.
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
    let (children, otherChildren) = (first.children.enumerated(), second.children.enumerated())
    for (one, other) in pairs(Array(children), Array(otherChildren), by: \.element.name) {
      guard let one, let other else {
        let name = (one ?? other)?.element.name ?? ""
        differences.append(.node(path + "/" + name, onlyIn: one != nil ? .first : .second))
        continue
      }
      order.append(other.offset)
      compare(one.element, other.element, path: path + "/" + one.element.name, references)
    }
    if order != order.sorted() { reorderedNodes.append(node) }
  }
}

/// Matches elements of the same name, repeated names in order; unmatched ones of the second list come last.
private func pairs<Element>(
  _ first: [Element], _ second: [Element], by name: (Element) -> String
) -> [(Element?, Element?)] {
  var left: [String: [Element]] = [:]
  for element in second.reversed() { left[name(element), default: []].append(element) }
  var pairs: [(Element?, Element?)] = first.map { ($0, left[name($0)]?.popLast()) }
  for element in second {
    guard let unmatched = left[name(element)]?.popLast() else { continue }
    pairs.append((nil, unmatched))
  }
  return pairs
}
