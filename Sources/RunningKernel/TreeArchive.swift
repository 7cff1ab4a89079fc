// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree

/// A live tree as a tar archive of its folder: read as ``TreeFolder`` reads the folder.
///
/// The root may be some folders deep, as in an archive of `sys/firmware/devicetree/base`: folders with
/// nothing in them but another folder are passed. When a file is there twice, the later one counts, as
/// it does when the archive is unpacked. Linear in the archive's size.
struct TreeArchive {
  /// Why an archive is no tree.
  enum Failure: Error {
    case format(FormatError)
    case tree(DeviceTreeError)
    case tooLarge
  }

  /// Levels of folders that may be there besides the tree's own.
  private static let outerLevels = 16

  private var nodes = [Node("")]
  /// The children of each node, by their places in `nodes`.
  private var children: [[Int]] = [[]]
  /// What is in a folder: another one, by its place in `nodes`, or a property, by its place in that.
  private var entries: [Key: Entry] = [:]
  private var room: Int

  private struct Key: Hashable {
    let folder: Int
    let name: String
  }

  private enum Entry {
    case folder(Int)
    case property(Int)
  }

  private init(room: Int) { self.room = room }

  /// Reads an archive.
  ///
  /// - Parameter limit: the most bytes of values and names together.
  static func root(of archive: Span<UInt8>, limit: Int) throws(Failure) -> Node {
    var tree = TreeArchive(room: limit)
    var reader = TarReader()
    while let member = try nextMember(of: &reader, in: archive) {
      try tree.add(member, of: archive)
    }
    return tree.root()
  }

  private static func nextMember(
    of reader: inout TarReader, in archive: Span<UInt8>
  ) throws(Failure) -> TarReader.Member? {
    do throws(FormatError) {
      return try reader.next(in: archive)
    } catch {
      throw .format(error)
    }
  }

  private mutating func add(_ member: TarReader.Member, of archive: Span<UInt8>) throws(Failure) {
    guard member.kind != .other else { return }
    var names = member.path.split(separator: "/").map(String.init)
    names.removeAll { $0 == "." }
    let property = member.kind == .file ? names.popLast() ?? "" : nil
    guard names.count < Node.levelLimit + Self.outerLevels else {
      throw .tree(DeviceTreeError(.tooDeep, node: path(names.prefix(8)) + "/…"))
    }
    var folder = 0
    for (level, name) in names.enumerated() {
      guard name.isLegalNodeName, name != ".." else {
        throw .tree(DeviceTreeError(.badName, node: path(names[...level])))
      }
      guard let child = try self.folder(name, in: folder) else {
        throw .tree(DeviceTreeError(.exists, node: path(names[...level])))
      }
      folder = child
    }
    guard let property else { return }
    guard property.isLegalName, property != ".." else {
      throw .tree(DeviceTreeError(.badName, node: path(names[...]), property: shown(property)))
    }
    let bytes = unsafe archive.extracting(member.content).withUnsafeBufferPointer {
      unsafe Array($0)
    }
    guard try set(Property(property, PropertyValue(bytes: bytes)), in: folder) else {
      throw .tree(DeviceTreeError(.exists, node: path(names + [property])))
    }
  }

  /// A path as messages have it: of an archive's names, which may be of any length, as much as fits a line.
  private func path(_ names: some Sequence<String>) -> String {
    "/" + names.prefix(16).map(shown).joined(separator: "/")
  }

  private func shown(_ name: String) -> String {
    name.utf8.count > 80 ? "\(name.prefix(60))…" : name
  }

  /// The place of a folder in another one, which may be new; nil where a property has the name.
  private mutating func folder(_ name: String, in folder: Int) throws(Failure) -> Int? {
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
  private mutating func set(_ property: Property, in folder: Int) throws(Failure) -> Bool {
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

  private mutating func take(_ size: Int) throws(Failure) {
    room -= size
    guard room >= 0 else { throw .tooLarge }
  }

  // MARK: The finished tree

  private func root() -> Node {
    var place = 0
    while nodes[place].properties.isEmpty, children[place].count == 1 {
      place = children[place][0]
    }
    var root = node(at: place)
    root.name = ""
    return root
  }

  private func node(at place: Int) -> Node {
    var node = nodes[place]
    node.children = children[place].map { self.node(at: $0) }
    return node
  }
}
