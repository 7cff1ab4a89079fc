// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// A node with its properties and everything below it, as a plain value.
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
  /// The whole tree as a value, in one pass over the blob.
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

  /// Makes a tree from a root node and another tree, from which it takes the reservations unless some are
  /// given, the boot CPU and ``sourceSize``.
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
    takeSource(of: flat)
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
          Property(blob.text(at: strings.lowerBound + name), blob.value(value)))
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

extension Span<UInt8> {
  /// The bytes of a range as text.
  func text(_ range: Range<Int>) -> String {
    unsafe extracting(range).withUnsafeBufferPointer {
      unsafe String(decoding: $0, as: UTF8.self)
    }
  }

  /// The bytes up to the next NUL as text.
  func text(at start: Int) -> String {
    var end = start
    while self[end] != 0 { end += 1 }
    return text(start..<end)
  }

  /// The bytes of a range as a property's value.
  func value(_ range: Range<Int>) -> PropertyValue {
    PropertyValue(bytes: unsafe extracting(range).withUnsafeBufferPointer { unsafe Array($0) })
  }
}
