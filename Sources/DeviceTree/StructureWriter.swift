// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// Writes a structure block and the strings block it refers to.
struct StructureWriter {
  private(set) var structure: [UInt8] = []
  /// The names of properties, each once, with its NUL.
  private(set) var strings: [UInt8] = []
  private var nameOffsets: [String: UInt32] = [:]

  mutating func append(tag: StructureTag) {
    structure.append(bigEndian: tag.rawValue)
  }

  /// Writes a node and all below it.
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
      append(property)
    }
    for child in node.children {
      try append(child, path: path, level: level + 1)
    }
    append(tag: .endNode)
  }

  mutating func append(_ property: Property) {
    append(tag: .property)
    structure.append(bigEndian: UInt32(property.value.bytes.count))
    structure.append(bigEndian: offset(of: property.name))
    structure.append(contentsOf: property.value.bytes)
    pad()
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
