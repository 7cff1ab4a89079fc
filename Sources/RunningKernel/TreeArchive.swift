// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
import SystemPackage

/// A live tree as a tar archive of its folder, read as `TreeFolder` reads the folder.
///
/// The root may be some folders deep, as in an archive of `sys/firmware/devicetree/base`: a folder with only
/// another folder in it is skipped. Of a repeated file the last one counts, as when tar unpacks the archive.
/// Linear in the archive's size.
struct TreeArchive {
  /// Levels of folders that are allowed around the tree.
  private static let outerLevels = 16

  /// The archive, for errors.
  private let path: FilePath
  /// The most bytes of values and names together.
  private let limit: Int
  private var nodes = [Node("")]
  /// The children of each node, by their places in `nodes`.
  private var children: [[Int]] = [[]]
  /// The contents of folders.
  private var entries: [Key: Entry] = [:]
  /// Bytes of values and names.
  private var size = 0

  private struct Key: Hashable {
    let folder: Int
    let name: String
  }

  private enum Entry {
    /// A place in `nodes`.
    case folder(Int)
    /// A place among the folder's properties.
    case property(Int)
  }

  init(_ path: FilePath, limit: Int) {
    self.path = path
    self.limit = limit
  }

  /// Reads an archive.
  mutating func readRoot(of archive: Span<UInt8>) throws(MachineError) -> Node {
    var reader = TarReader()
    while let member = try nextMember(of: &reader, in: archive) { try add(member, of: archive) }
    var place = 0
    while nodes[place].properties.isEmpty, children[place].count == 1 {
      place = children[place][0]
    }
    var root = node(at: place)
    root.name = ""
    return root
  }

  private func nextMember(
    of reader: inout TarReader, in archive: Span<UInt8>
  ) throws(MachineError) -> TarReader.Member? {
    do throws(FormatError) {
      return try reader.next(in: archive)
    } catch {
      throw .malformed(path, error)
    }
  }

  private func node(at place: Int) -> Node {
    var node = nodes[place]
    node.children = children[place].map { self.node(at: $0) }
    return node
  }

  private mutating func add(
    _ member: TarReader.Member, of archive: Span<UInt8>
  ) throws(MachineError) {
    guard member.kind != .other else { return }
    var names = member.path.split(separator: "/").map(String.init)
    names.removeAll { $0 == "." }
    let property = member.kind == .file ? names.popLast() ?? "" : nil
    guard names.count < Node.levelLimit + Self.outerLevels else {
      throw error(.tooDeep, shown(names.prefix(8)) + "/…")
    }
    var folder = 0
    for (level, name) in names.enumerated() {
      guard name.isLegalNodeName, name != ".." else {
        throw error(.badName, shown(names[...level]))
      }
      guard let child = try self.folder(name, in: folder) else {
        throw error(.exists, shown(names[...level]))
      }
      folder = child
    }
    guard let property else { return }
    guard property.isLegalName, property != ".." else {
      throw error(.badName, shown(names), property: shown(property))
    }
    let value = PropertyValue(bytes: archive.extracting(member.content).array)
    guard try set(Property(property, value), in: folder) else {
      throw error(.exists, shown(names + [property]))
    }
  }

  private func error(
    _ code: DeviceTreeError.Code, _ node: String, property: String? = nil
  ) -> MachineError {
    .malformedTree(path, DeviceTreeError(code, node: node, property: property))
  }

  /// A path in a message: the names of an archive may be of any length, so they are cut to fit a line.
  private func shown(_ names: some Sequence<String>) -> String {
    "/" + names.prefix(16).map { shown($0) }.joined(separator: "/")
  }

  private func shown(_ name: String) -> String {
    name.utf8.count > 80 ? "\(name.prefix(60))…" : name
  }

  /// The place of a folder in another one, made if it is new; nil where a property has the name.
  private mutating func folder(_ name: String, in folder: Int) throws(MachineError) -> Int? {
    let key = Key(folder: folder, name: name)
    switch entries[key] {
    case .folder(let place): return place
    case .property: return nil
    case nil: break
    }
    try take(name.utf8.count)
    let place = nodes.count
    entries[key] = .folder(place)
    nodes.append(Node(name))
    children.append([])
    children[folder].append(place)
    return place
  }

  /// Adds a property, or replaces it; false where a folder has the name.
  private mutating func set(_ property: Property, in folder: Int) throws(MachineError) -> Bool {
    try take(property.name.utf8.count + property.value.bytes.count)
    let key = Key(folder: folder, name: property.name)
    switch entries[key] {
    case .folder: return false
    case .property(let place): nodes[folder].properties[place] = property
    case nil:
      entries[key] = .property(nodes[folder].properties.count)
      nodes[folder].properties.append(property)
    }
    return true
  }

  private mutating func take(_ count: Int) throws(MachineError) {
    size += count
    guard size <= limit else { throw .tooLarge(path, limit: limit) }
  }
}
