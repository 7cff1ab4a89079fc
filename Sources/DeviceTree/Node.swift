// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// A node with its properties and everything below it.
public struct Node: Hashable, Sendable {
  /// The name with its unit address; empty for the root.
  public var name: String
  /// The properties, in the order of the tree.
  public var properties: [Property]
  /// The children, in the order of the tree.
  public var children: [Node]

  /// A node.
  public init(_ name: String, properties: [Property] = [], children: [Node] = []) {
    self.name = name
    self.properties = properties
    self.children = children
  }

  /// Levels of nodes in a blob, the root's included: ``DeviceTreeError/Code/tooDeep``.
  package static let levelLimit = StructureCursor.levelLimit

  /// The value of the first property of this name.
  public subscript(property: String) -> PropertyValue? {
    properties.first { $0.name == property }?.value
  }

  /// The first child of exactly this name.
  public func child(_ name: String) -> Node? {
    children.first { $0.name == name }
  }
}

extension DeviceTree {
  /// The whole tree as nodes, in one pass over the blob.
  public var root: Node {
    do throws(DeviceTreeError) {
      return try withBytes { (blob) throws(DeviceTreeError) in
        var cursor = StructureCursor(try BlobHeader(blob))
        return try cursor.readNode(in: blob)
      }
    } catch {
      preconditionFailure("an opened tree reads: \(error)")
    }
  }

  /// Makes a tree from a root node, in linear time.
  ///
  /// - Throws: ``DeviceTreeError/Code/badName`` and ``DeviceTreeError/Code/tooDeep``, and what
  ///   ``addReservation(_:)`` throws.
  public init(
    root: Node, reservations: [AddressAndSize] = [], bootCPU: UInt32 = 0
  ) throws(DeviceTreeError) {
    for entry in reservations { try entry.checkIsReservation() }
    try self.init(root, reservations, bootCPU)
  }

  /// Makes a tree from a root node, with the boot CPU, ``sourceSize`` and ``sourceVersion`` of another tree,
  /// and its reservations if none are given.
  ///
  /// - Throws: ``DeviceTreeError/Code/badName``, ``DeviceTreeError/Code/tooDeep``, and
  ///   ``DeviceTreeError/Code/emptyReservation``.
  package init(
    root: Node, reservations: [AddressAndSize]? = nil, besides flat: DeviceTree
  ) throws(DeviceTreeError) {
    if let empty = reservations?.first(where: { $0.size == 0 }) {
      throw DeviceTreeError(.emptyReservation, value: empty.address)
    }
    try self.init(root, reservations ?? flat.reservations, flat.bootCPU)
    (sourceSize, sourceVersion) = (flat.sourceSize, flat.sourceVersion)
  }

  private init(
    _ root: Node, _ reservations: [AddressAndSize], _ bootCPU: UInt32
  ) throws(DeviceTreeError) {
    var writer = StructureWriter()
    try writer.append(root, path: "", level: 1)
    writer.append(tag: .end)
    var entries: [UInt8] = []
    entries.reserveCapacity(16 * (reservations.count + 1))
    for entry in reservations + [AddressAndSize(address: 0, size: 0)] {
      entries.append(bigEndian: entry.address)
      entries.append(bigEndian: entry.size)
    }
    self.init(
      try BlobAssembly(
        reservations: entries.span, structure: writer.structure.span,
        strings: writer.strings.span, headroom: Self.headroom, bootCPU: bootCPU))
  }
}

extension StructureCursor {
  /// Reads the node that begins here, up to and including its end.
  mutating func readNode(in blob: Span<UInt8>) throws(DeviceTreeError) -> Node {
    var open: [Node] = []
    while true {
      switch try next(in: blob) {
      case .beginNode(let name):
        open.append(Node(blob.text(name)))
      case .property(let name, let value):
        open[open.count - 1].properties.append(
          Property(
            blob.text(strings.lowerBound + name..<strings.upperBound, until: 0),
            PropertyValue(bytes: blob.extracting(value).array)))
      case .endNode:
        let node = open.removeLast()
        guard let parent = open.indices.last else { return node }
        open[parent].children.append(node)
      case .end:
        preconditionFailure("a node ends before the block does")
      }
    }
  }
}

/// Writes nodes as a structure block and the strings block that it refers to.
private struct StructureWriter {
  var structure: [UInt8] = []
  /// The names of properties, each once, with its NUL.
  var strings: [UInt8] = []
  private var nameOffsets: [String: UInt32] = [:]

  mutating func append(tag: StructureTag) {
    structure.append(bigEndian: tag.rawValue)
  }

  /// Writes a node and everything below it.
  mutating func append(_ node: Node, path: String, level: Int) throws(DeviceTreeError) {
    let isRoot = level == 1
    let path = isRoot ? "/" : (path == "/" ? "" : path) + "/" + node.name
    guard level <= StructureCursor.levelLimit else { throw DeviceTreeError(.tooDeep, node: path) }
    guard isRoot ? node.name.isEmpty : node.name.isLegalNodeName else {
      throw DeviceTreeError(.badName, node: path)
    }
    append(tag: .beginNode)
    structure.append(contentsOf: node.name.utf8)
    structure.append(0)
    pad()
    for property in node.properties {
      guard property.name.isLegalName else {
        throw DeviceTreeError(.badName, node: path, property: property.name)
      }
      append(tag: .property)
      structure.append(bigEndian: UInt32(property.value.bytes.count))
      structure.append(bigEndian: offset(of: property.name))
      structure.append(contentsOf: property.value.bytes)
      pad()
    }
    for child in node.children {
      try append(child, path: path, level: level + 1)
    }
    append(tag: .endNode)
  }

  private mutating func offset(of name: String) -> UInt32 {
    if let known = nameOffsets[name] { return known }
    let offset = UInt32(strings.count)
    nameOffsets[name] = offset
    strings.append(contentsOf: name.utf8)
    strings.append(0)
    return offset
  }

  private mutating func pad() {
    while structure.count % 4 != 0 { structure.append(0) }
  }
}

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
