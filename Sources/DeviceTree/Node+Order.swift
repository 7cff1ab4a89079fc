// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

extension Node {
  /// Sorts properties and children, here and below.
  ///
  /// What `known` has at the same path comes first, in its order. The rest follows: properties by the bytes
  /// of their names, children by their names up to the unit address, then by that address, number by number
  /// where it is made of hexadecimal numbers (`cpu@2` before `cpu@10`, `isa@1,2` before `isa@1,10`), then by
  /// all bytes. Equal names keep their order.
  public mutating func sort(like known: Node? = nil) {
    properties.sort(by: { $0.name }, like: known?.properties ?? [], key: { _ in [] })
    children.sort(by: { $0.name }, like: known?.children ?? [], key: nodeKey)
    guard let known else {
      for place in children.indices { children[place].sort() }
      return
    }
    var left = Dictionary(grouping: known.children.reversed(), by: \.name)
    for place in children.indices {
      children[place].sort(like: left[children[place].name]?.popLast())
    }
  }
}

/// Bytes that sort as the names of nodes do: the name up to the unit address, a zero, and of the
/// address the length of each number without its leading zeros, and its digits.
private func nodeKey(_ name: String) -> [UInt8] {
  let base = name.utf8.prefix { $0 != UInt8(ascii: "@") }
  var key = base + [0]
  guard base.count < name.utf8.count else { return key }
  let address = name.utf8.dropFirst(base.count + 1)
  let isNumeric = address.allSatisfy { $0.hexDigit != nil || $0 == UInt8(ascii: ",") }
  key.append(isNumeric ? 1 : 2)
  guard isNumeric else { return key }
  let numbers = address.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
  for number in numbers {
    let digits = number.drop { $0 == UInt8(ascii: "0") }
    key += [
      1, UInt8(truncatingIfNeeded: digits.count >> 8), UInt8(truncatingIfNeeded: digits.count),
    ]
    // The case of a letter is its bit 0x20, which digits have too.
    key += digits.map { $0 | 0x20 }
  }
  return key
}

/// The place of an element, and its sort key.
private struct Place: Comparable {
  let rank: Int
  let key: [UInt8]
  let name: String
  let place: Int

  static func < (one: Place, other: Place) -> Bool {
    if one.rank != other.rank { return one.rank < other.rank }
    if one.key != other.key { return one.key.lexicographicallyPrecedes(other.key) }
    // ASCII sorts by its bytes, and fast.
    return one.name != other.name ? one.name < other.name : one.place < other.place
  }
}

extension Array {
  /// Sorts by the places of equal names in another list; the rest follows, by a key, by the bytes of the
  /// name, and by place.
  fileprivate mutating func sort(
    by name: (Element) -> String, like known: [Element], key: (String) -> [UInt8]
  ) {
    guard count > 1 else { return }
    var left: [String: [Int]] = [:]
    for place in known.indices.reversed() { left[name(known[place]), default: []].append(place) }
    var places: [Place] = []
    places.reserveCapacity(count)
    for place in indices {
      let name = name(self[place])
      let rank = known.isEmpty ? .max : left[name]?.popLast() ?? .max
      places.append(
        Place(rank: rank, key: rank == .max ? key(name) : [], name: name, place: place))
    }
    places.sort()
    self = places.map { self[$0.place] }
  }
}
