// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// A file or an empty folder in a folder to be written: its path in that folder, and its bytes; nil for a
/// folder.
package typealias FolderItem = (path: String, bytes: [UInt8]?)

/// Writes a whole folder or nothing: it is written beside its place, which may be a link, then renamed. Only
/// its owner may read it.
///
/// - Parameters:
///   - items: sorted, folder by folder.
///   - replacesFiles: whether to replace a folder of files, which is renamed first and removed afterwards;
///     else the place must be free, or an empty folder.
package func writeFolder(
  _ place: FilePath, _ items: [FolderItem], replacesFiles: Bool
) throws(WriteError) {
  let place = place.behindLinks ?? place
  let (_, path) = try place.besides { path throws(Errno) in
    guard unsafe mkdir(path.string, 0o700) == 0 else { throw .last }
  }
  do throws(WriteError) {
    try fill(path, items, for: place)
    if replacesFiles, FileStatus(place.string) != nil {
      try replaceFolder(place, with: path)
    } else {
      try path.move(to: place, for: place)
    }
  } catch {
    removeTree(AT_FDCWD, path.string)
    throw error
  }
  place.removingLastComponent().syncFolder()
}

private func fill(
  _ path: FilePath, _ items: [FolderItem], for place: FilePath
) throws(WriteError) {
  var writer = try FolderWriter(path, for: place)
  defer { writer.close() }
  // With thousands of files, waiting for the disk after each would take long.
  let areMany = items.count > 100
  for item in items { try writer.add(item, isSynced: !areMany) }
  if areMany { sync() }
  path.syncFolder()
}

private func replaceFolder(_ place: FilePath, with path: FilePath) throws(WriteError) {
  let old = FilePath(path.string + "-old")
  try place.move(to: old, for: place)
  do throws(WriteError) {
    try path.move(to: place, for: place)
  } catch {
    try old.move(to: place, for: place)
    throw error
  }
  // Only files are removed: a folder was added meanwhile, and stays.
  for name in old.fileNames { unsafe unlink(old.appending(name).string) }
  unsafe rmdir(old.string)
}

/// Removes a file, or a folder with its contents, as far as possible.
private func removeTree(_ parent: CInt, _ name: String) {
  guard unsafe unlinkat(parent, name, 0) != 0 else { return }
  let folder = unsafe openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
  guard folder >= 0 else { return }
  defer { close(folder) }
  for name in (try? Folder(consuming: dup(folder)).names()) ?? [] { removeTree(folder, name) }
  unsafe unlinkat(parent, name, AT_REMOVEDIR)
}

/// Fills a folder. Folders stay open along the last path, and each is opened by its name in the one above, so
/// no path is too long.
struct FolderWriter {
  private let place: FilePath
  private var open: [(name: Substring, file: CInt)] = []

  init(_ path: FilePath, for place: FilePath) throws(WriteError) {
    self.place = place
    try enter("", AT_FDCWD, path.string)
  }

  /// - Parameter isSynced: whether to wait for the disk.
  mutating func add(_ item: FolderItem, isSynced: Bool) throws(WriteError) {
    var names = item.path.split(separator: "/")
    let file = item.bytes == nil ? nil : names.popLast()
    try enter(names)
    guard let file, let bytes = item.bytes, let folder = open.last?.file else { return }
    let descriptor = unsafe openat(
      folder, String(file), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw failure(item.path) }
    let target = FileDescriptor(rawValue: descriptor)
    defer { try? target.close() }
    do {
      try target.writeAll(bytes)
      guard !isSynced || fsync(descriptor) == 0 else { throw Errno.last }
    } catch {
      throw .writing("\(place): \(item.path): \(error)")
    }
  }

  /// Opens the folders of a path, and makes missing ones.
  private mutating func enter(_ names: [Substring]) throws(WriteError) {
    let common = zip(open.dropFirst(), names).prefix { $0.name == $1 }.count
    while open.count > common + 1 { Glibc.close(open.removeLast().file) }
    for name in names.dropFirst(common) {
      guard let folder = open.last?.file else { return }
      guard unsafe mkdirat(folder, String(name), 0o700) == 0 else { throw failure(String(name)) }
      try enter(name, folder, String(name))
    }
  }

  private mutating func enter(_ name: Substring, _ folder: CInt, _ path: String) throws(WriteError)
  {
    let file = unsafe openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
    guard file >= 0 else { throw failure(path) }
    open.append((name, file))
  }

  mutating func close() {
    while let last = open.popLast() { Glibc.close(last.file) }
  }

  private func failure(_ name: String) -> WriteError {
    .writing("\(place): \(name): \(Errno.last)")
  }
}
