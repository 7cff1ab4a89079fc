// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

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
