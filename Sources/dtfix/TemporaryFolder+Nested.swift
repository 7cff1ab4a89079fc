// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec
import RunningKernel
import SystemPackage

// Folders in folders: each is opened by its name in an open one, so no path is too long.
extension TemporaryFolder {
  /// Writes files and folders, to the disk.
  ///
  /// - Parameter entries: sorted, folder by folder.
  func add(_ entries: [Capture.Entry]) throws(Failure) {
    var walk = try FolderWriter(path, place)
    defer { walk.close() }
    for entry in entries { try walk.add(entry) }
    // Once for all: there may be thousands.
    sync()
  }

  /// Gives the folder its place, where nothing or an empty folder is.
  func becomeFinalWhereNothingIs() throws(Failure) {
    guard unsafe rename(path.string, place.string) == 0 else {
      throw Failure(.cannotCreate, "\(place): \(Errno.last)")
    }
    syncFolder(place.removingLastComponent())
  }

  /// Takes the folder away, with all that is in it.
  func removeAll() { removeTree(AT_FDCWD, path.string) }
}

/// A folder that is filled, with the folders on the way to its last file open.
private struct FolderWriter {
  private let place: FilePath
  private var open: [(name: Substring, file: CInt)] = []

  init(_ path: FilePath, _ place: FilePath) throws(Failure) {
    self.place = place
    try enter("", AT_FDCWD, path.string)
  }

  mutating func add(_ entry: Capture.Entry) throws(Failure) {
    var names = entry.path.split(separator: "/")
    let file = entry.bytes == nil ? nil : names.popLast()
    try enter(names)
    guard let file, let bytes = entry.bytes, let folder = open.last?.file else { return }
    let descriptor = unsafe openat(
      folder, String(file), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure(entry.path) }
    let target = FileDescriptor(rawValue: descriptor)
    defer { try? target.close() }
    do {
      try target.writeAll(bytes)
    } catch {
      throw Failure(.inputOutput, "\(place): \(entry.path): \(error)")
    }
  }

  /// Opens the folders of a path, and makes those that are not there yet.
  private mutating func enter(_ names: [Substring]) throws(Failure) {
    let common = zip(open.dropFirst(), names).prefix { $0.name == $1 }.count
    while open.count > common + 1 { Glibc.close(open.removeLast().file) }
    for name in names.dropFirst(common) {
      guard let folder = open.last?.file else { return }
      guard unsafe mkdirat(folder, String(name), 0o700) == 0 else { throw failure(String(name)) }
      try enter(name, folder, String(name))
    }
  }

  private mutating func enter(_ name: Substring, _ folder: CInt, _ path: String) throws(Failure) {
    let file = unsafe openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw failure(path) }
    open.append((name, file))
  }

  mutating func close() {
    while let last = open.popLast() { Glibc.close(last.file) }
  }

  private func failure(_ name: String) -> Failure {
    Failure(.inputOutput, "\(place): \(name): \(Errno.last)")
  }
}

/// Takes away a file, or a folder with all that is in it; what fails is left.
private func removeTree(_ parent: CInt, _ name: String) {
  guard unsafe unlinkat(parent, name, 0) != 0 else { return }
  let folder = unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
  guard folder >= 0 else { return }
  defer { close(folder) }
  for name in namesOfFiles(in: folder) { removeTree(folder, name) }
  unsafe unlinkat(parent, name, AT_REMOVEDIR)
}

/// The names of what is in an open folder.
private func namesOfFiles(in folder: CInt) -> [String] {
  guard let stream = unsafe fdopendir(dup(folder)) else { return [] }
  defer { unsafe closedir(stream) }
  var names: [String] = []
  while let entry = unsafe readdir(stream) {
    let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}
