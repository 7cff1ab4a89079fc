// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Files
import Glibc
import SystemPackage

/// One walk through the folder of a live tree.
struct TreeWalk {
  private let folder: TreeFolder
  private let readsFiles: Bool
  private let leavesOut: Bool
  private(set) var leftOut: [TreeFolder.LeftOut] = []
  /// Names, kinds and inode numbers of all files.
  private(set) var listing = Hasher()
  /// The names from the root to the open folder.
  private var place: [String] = []
  /// How many more bytes may be read.
  private var room: Int
  private var buffer: [UInt8]

  init(_ folder: TreeFolder, readsFiles: Bool, leavesOut: Bool) {
    self.folder = folder
    self.readsFiles = readsFiles
    self.leavesOut = leavesOut
    room = folder.limit
    buffer = readsFiles ? [UInt8](repeating: 0, count: 1 << 16) : []
  }

  /// Reads the tree; the folder itself may be a symbolic link, as `/proc/device-tree` is.
  mutating func root() throws(MachineError) -> Node {
    let file = unsafe open(folder.path.string, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard file >= 0 else { throw failure(nil, isRoot: true) }
    return try node("", file)
  }

  /// Reads the folder that is open as `file`, and closes it.
  private mutating func node(_ name: String, _ file: CInt) throws(MachineError) -> Node {
    let listed = try list { () throws(Errno) in try Folder(consuming: file) }
    var node = Node(name)
    var folders: [String] = []
    for entry in try entries(of: listed, file) {
      if entry.isFolder {
        folders.append(entry.name)
      } else if readsFiles {
        do throws(MachineError) {
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

  /// The folders and regular files.
  private mutating func entries(
    of listed: borrowing Folder, _ file: CInt
  ) throws(MachineError) -> [(name: String, isFolder: Bool)] {
    var entries: [(name: String, isFolder: Bool)] = []
    while let entry = try list({ () throws(Errno) in try listed.next() }) {
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
      entries.append((name, isFolder))
    }
    return entries
  }

  /// Runs a call that lists the open folder.
  private func list<Value: ~Copyable>(
    _ call: () throws(Errno) -> Value
  ) throws(MachineError) -> Value {
    do throws(Errno) { return try call() } catch { throw failure(nil, error) }
  }

  /// The kind of a file where the file system does not list it.
  private func type(of name: String, in folder: CInt) throws(MachineError) -> Int {
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
  ) throws(MachineError) -> PropertyValue {
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

  private mutating func take(_ size: Int) throws(MachineError) {
    room -= size
    guard room >= 0 else { throw .tooLarge(folder.path, limit: folder.limit) }
  }

  /// Lists a file or folder that cannot be read, if the tree may be incomplete; any other failure, and a
  /// tree that is too large, is thrown.
  private mutating func leaveOut(
    _ name: String, _ failure: MachineError
  ) throws(MachineError) {
    switch failure {
    case .unsteady, .tooLarge: throw failure
    case _ where !leavesOut: throw failure
    default: leftOut.append(TreeFolder.LeftOut(path: path(of: name), reason: failure))
    }
  }

  // MARK: Errors

  private func path(of name: String? = nil) -> String {
    "/" + (place + [name].compactMap { $0 }).joined(separator: "/")
  }

  private func error(_ error: DeviceTreeError) -> MachineError {
    .malformedTree(folder.path, error)
  }

  /// The failure of a system call for a file in the open folder, or for that folder: `unsteady` for one
  /// that was removed or replaced.
  private func failure(
    _ name: String?, _ number: Errno = .last, isRoot: Bool = false
  ) -> MachineError {
    let file = (place + [name].compactMap { $0 }).reduce(folder.path) { $0.appending($1) }
    switch number {
    case .noSuchFileOrDirectory where isRoot:
      return .missing(file, advice: .noLiveTree)
    case .permissionDenied, .notPermitted:
      return .notPermitted(file, advice: .isForRoot)
    // A removed property fails with ENODEV; a file that is of another kind now, with the other errors.
    case .noSuchFileOrDirectory, .operationNotSupportedByDevice, .notDirectory,
      .tooManySymbolicLinkLevels, .noSuchAddressOrDevice, .resourceTemporarilyUnavailable:
      return isRoot ? .unreadable(file, number) : .unsteady(file, attempts: 1)
    default:
      return .unreadable(file, number)
    }
  }
}
