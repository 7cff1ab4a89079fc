// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Files
import Glibc
import SystemPackage

/// One walk through a folder.
struct TreeWalk {
  private let folder: TreeFolder
  private let readsFiles: Bool
  private let leavesOut: Bool
  /// What was left out.
  private(set) var leftOut: [TreeFolder.LeftOut] = []
  /// The files that were seen: their names, kinds and numbers.
  private(set) var listing = Hasher()
  /// The names from the root to the open folder.
  private var place: [String] = []
  /// What may still be read.
  private var room: Int
  private var buffer: [UInt8]

  init(_ folder: TreeFolder, readsFiles: Bool, leavesOut: Bool) {
    self.folder = folder
    self.readsFiles = readsFiles
    self.leavesOut = leavesOut
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
    let listed: Folder
    do throws(Errno) {
      listed = try Folder(consuming: file)
    } catch {
      throw failure(nil, error)
    }
    var node = Node(name)
    var folders: [String] = []
    for entry in try entries(of: listed, file) {
      if entry.isFolder {
        folders.append(entry.name)
      } else if readsFiles {
        do throws(TreeFolder.Failure) {
          node.properties.append(Property(entry.name, try value(of: entry.name, in: file)))
        } catch {
          try leaveOut(entry.name, error)
        }
      }
    }
    // The root is one of the levels that a blob can have.
    if place.count + 1 >= Node.levelLimit {
      for folder in folders {
        try leaveOut(folder, error(DeviceTreeError(.tooDeep, node: path(of: folder))))
      }
      folders = []
    }
    for folder in folders {
      let child = unsafe openat(file, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard child >= 0 else {
        try leaveOut(folder, failure(folder))
        continue
      }
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
    of listed: borrowing Folder, _ file: CInt
  ) throws(TreeFolder.Failure) -> [Entry] {
    var entries: [Entry] = []
    while let entry = try next(of: listed) {
      let name = entry.name
      var type = entry.type
      if type == DT_UNKNOWN { type = try self.type(of: name, in: file) }
      guard type == DT_DIR || type == DT_REG else { continue }
      let isFolder = type == DT_DIR
      guard isFolder ? name.isLegalNodeName : name.isLegalName else {
        let found = DeviceTreeError(
          .badName, node: isFolder ? path(of: name) : path(), property: isFolder ? nil : name)
        try leaveOut(name, error(found))
        continue
      }
      try take(name.utf8.count)
      listing.combine(name)
      listing.combine(entry.number)
      listing.combine(isFolder)
      entries.append(Entry(name: name, isFolder: isFolder))
    }
    return entries
  }

  private func next(of listed: borrowing Folder) throws(TreeFolder.Failure) -> Folder.Entry? {
    do throws(Errno) {
      return try listed.next()
    } catch {
      throw failure(nil, error)
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

  /// Goes on without a file or folder that cannot be read, where that is wanted; what changed meanwhile
  /// is read again, and a tree that is too large stays so.
  private mutating func leaveOut(
    _ name: String, _ failure: TreeFolder.Failure
  ) throws(TreeFolder.Failure) {
    guard leavesOut, case .machine(let reason) = failure else { throw failure }
    if case .tooLarge = reason { throw failure }
    leftOut.append(TreeFolder.LeftOut(path: path(of: name), reason: reason))
  }

  // MARK: What went wrong, and where

  private func path(of name: String? = nil) -> String {
    "/" + (place + [name].compactMap { $0 }).joined(separator: "/")
  }

  private func error(_ error: DeviceTreeError) -> TreeFolder.Failure {
    .machine(.malformedTree(folder.path, error))
  }

  /// What the last system call says of a file in the open folder, or of that folder.
  private func failure(
    _ name: String?, _ number: Errno = .last, isRoot: Bool = false
  ) -> TreeFolder.Failure {
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
