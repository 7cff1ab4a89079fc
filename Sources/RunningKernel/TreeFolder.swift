// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
import Glibc
package import SystemPackage

/// A live tree as files: a folder is a node, a regular file is a property, and all else, links above
/// all, is passed over. As `drivers/of/kobj.c:__of_attach_node_sysfs` makes it.
///
/// Every file is opened by its name in an open folder, so no path is too long, and is read to its end:
/// `security-*` claims to have no bytes.
package struct TreeFolder {
  let path: FilePath
  /// The most bytes of values and names together.
  let limit: Int

  package init(path: FilePath, limit: Int) {
    self.path = path
    self.limit = limit
  }

  /// Why a tree was not read.
  enum Failure: Error {
    /// A file went away, or another one took its name.
    case changed
    case machine(MachineError)
  }

  /// Reads the tree as it was at one moment.
  ///
  /// Behind the last property, all folders are listed again. A kernel never writes to a property that
  /// is there: it makes a new file, whose number no other had before (`kobj.c:
  /// __of_update_property_sysfs`, `fs/kernfs/dir.c:__kernfs_new_node`). So when the same files are
  /// there again, nothing has changed between the two, and what was read is one tree.
  ///
  /// - Parameters:
  ///   - attempts: how often a tree that changes meanwhile is read.
  ///   - afterReading: called before the folders are listed again, with the number of the attempt.
  package func root(
    attempts: Int = 8, afterReading: (Int) -> Void = { _ in }
  ) throws(MachineError) -> Node {
    for attempt in 1...attempts {
      do throws(Failure) {
        let (root, listing) = try readOnce()
        afterReading(attempt)
        if try listing == listOnce() { return root }
      } catch {
        if case .machine(let error) = error { throw error }
      }
      // Whoever plugs in memory changes the tree again and again.
      usleep(UInt32(attempt) * 10_000)
    }
    throw .unsteady(path, attempts: attempts)
  }

  private func readOnce() throws(Failure) -> (Node, listing: Int) {
    var walk = TreeWalk(self, readsFiles: true)
    return (try walk.root(), walk.listing.finalize())
  }

  private func listOnce() throws(Failure) -> Int {
    var walk = TreeWalk(self, readsFiles: false)
    _ = try walk.root()
    return walk.listing.finalize()
  }
}

/// One walk through a folder.
private struct TreeWalk {
  private let folder: TreeFolder
  private let readsFiles: Bool
  /// The files that were seen: their names, kinds and numbers.
  private(set) var listing = Hasher()
  /// The names from the root to the open folder.
  private var place: [String] = []
  /// What may still be read.
  private var room: Int
  private var buffer: [UInt8]

  init(_ folder: TreeFolder, readsFiles: Bool) {
    self.folder = folder
    self.readsFiles = readsFiles
    room = folder.limit
    buffer = readsFiles ? [UInt8](repeating: 0, count: 1 << 16) : []
  }

  /// The name of the folder itself may be a link: `/proc/device-tree` is one.
  mutating func root() throws(TreeFolder.Failure) -> Node {
    let file = unsafe open(folder.path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw failure(nil, isRoot: true) }
    return try node("", file)
  }

  /// Reads the folder that is open as `file`, and closes it.
  private mutating func node(_ name: String, _ file: CInt) throws(TreeFolder.Failure) -> Node {
    guard let stream = unsafe fdopendir(file) else {
      defer { close(file) }
      throw failure(nil)
    }
    defer { unsafe closedir(stream) }
    var node = Node(name)
    var folders: [String] = []
    for entry in unsafe try entries(of: stream, file) {
      if entry.isFolder {
        folders.append(entry.name)
      } else if readsFiles {
        node.properties.append(Property(entry.name, try value(of: entry.name, in: file)))
      }
    }
    // The root is one of the levels that a blob can have.
    guard folders.isEmpty || place.count + 1 < Node.levelLimit else {
      throw error(DeviceTreeError(.tooDeep, node: path(of: folders[0])))
    }
    for folder in folders {
      let child = unsafe openat(file, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard child >= 0 else { throw failure(folder) }
      place.append(folder)
      node.children.append(try self.node(folder, child))
      place.removeLast()
    }
    listing.combine(folders.count)
    return node
  }

  private struct Entry {
    let name: String
    let isFolder: Bool
  }

  /// The folders and regular files.
  private mutating func entries(
    of stream: OpaquePointer, _ file: CInt
  ) throws(TreeFolder.Failure) -> [Entry] {
    var entries: [Entry] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        guard errno == 0 else { throw failure(nil) }
        return entries
      }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      var type = unsafe Int(entry.pointee.d_type)
      if type == DT_UNKNOWN { type = try self.type(of: name, in: file) }
      guard type == DT_DIR || type == DT_REG else { continue }
      let isFolder = type == DT_DIR
      guard isFolder ? name.isLegalNodeName : name.isLegalName else {
        throw error(
          DeviceTreeError(
            .badName, node: isFolder ? path(of: name) : path(), property: isFolder ? nil : name))
      }
      try take(name.utf8.count)
      listing.combine(name)
      unsafe listing.combine(entry.pointee.d_ino)
      listing.combine(isFolder)
      entries.append(Entry(name: name, isFolder: isFolder))
    }
  }

  /// The kind of a file where the file system does not tell it with the name.
  private func type(of name: String, in folder: CInt) throws(TreeFolder.Failure) -> Int {
    var status = stat()
    guard unsafe fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      throw failure(name)
    }
    switch status.st_mode & S_IFMT {
    case S_IFDIR: return Int(DT_DIR)
    case S_IFREG: return Int(DT_REG)
    default: return Int(DT_LNK)
    }
  }

  /// The bytes of a property, to their end.
  private mutating func value(
    of name: String, in folder: CInt
  ) throws(TreeFolder.Failure) -> PropertyValue {
    let file = unsafe openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw failure(name) }
    defer { close(file) }
    var size = 0
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[size...])
        return unsafe read(file, rest.baseAddress, rest.count)
      }
      guard count >= 0 else {
        if errno == EINTR { continue }
        throw failure(name)
      }
      try take(count)
      size += count
      if count == 0 { return PropertyValue(bytes: Array(buffer[..<size])) }
      if size == buffer.count { buffer += [UInt8](repeating: 0, count: 3 * size) }
    }
  }

  private mutating func take(_ size: Int) throws(TreeFolder.Failure) {
    room -= size
    guard room >= 0 else {
      throw .machine(.tooLarge(folder.path, limit: folder.limit))
    }
  }

  // MARK: What went wrong, and where

  private func path(of name: String? = nil) -> String {
    "/" + (place + [name].compactMap { $0 }).joined(separator: "/")
  }

  private func error(_ error: DeviceTreeError) -> TreeFolder.Failure {
    .machine(.malformedTree(folder.path, error))
  }

  /// What the last system call says of a file in the open folder, or of that folder.
  private func failure(_ name: String?, isRoot: Bool = false) -> TreeFolder.Failure {
    let number = Errno(rawValue: errno)
    let file = (place + [name].compactMap { $0 }).reduce(folder.path) { $0.appending($1) }
    switch number {
    case .noSuchFileOrDirectory where isRoot:
      return .machine(.missing(file, advice: .noLiveTree))
    // A file whose property went away answers with ENODEV; one that is another kind now, with the
    // others.
    case .noSuchFileOrDirectory where !isRoot, .operationNotSupportedByDevice where !isRoot,
      .notDirectory where !isRoot, .tooManySymbolicLinkLevels where !isRoot,
      .noSuchAddressOrDevice where !isRoot, .resourceTemporarilyUnavailable where !isRoot:
      return .changed
    case .permissionDenied, .notPermitted:
      return .machine(.notPermitted(file, advice: .treeIsForRoot))
    default:
      return .machine(.unreadable(file, number))
    }
  }
}
