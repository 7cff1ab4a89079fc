// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec
import SystemPackage

/// A folder beside the place it is made for, under a name that nobody has.
struct TemporaryFolder {
  let place: FilePath
  let path: FilePath

  init(beside place: FilePath) throws(Failure) {
    self.place = place
    let parent = place.removingLastComponent()
    // The last try fails for its own reason; names of earlier runs that were killed are passed over.
    for attempt in 1... {
      let path = parent.appending(".dtfix-\(getpid())-\(attempt)")
      if unsafe mkdir(path.string, 0o700) == 0 {
        self.path = path
        return
      }
      guard errno == EEXIST, attempt < 1000 else {
        throw Failure(.cannotCreate, "\(place): cannot be created: \(Errno.last)")
      }
    }
    preconditionFailure("a try succeeds or throws")
  }

  /// Writes a file of the folder, to the disk.
  func add(_ name: String, _ bytes: [UInt8]) throws(Failure) {
    do {
      let file = try FileDescriptor.open(
        path.appending(name), .writeOnly, options: [.closeOnExec, .create, .exclusiveCreate],
        permissions: FilePermissions(rawValue: 0o600))
      defer { try? file.close() }
      try file.writeAll(bytes)
      guard fsync(file.rawValue) == 0 else { throw Errno.last }
    } catch {
      throw Failure(.inputOutput, "\(place): \(name): \(error)")
    }
  }

  /// Gives the folder its place; what was there steps aside first, and is taken away afterwards.
  func becomeFinal() throws(Failure) {
    syncFolder(path)
    let old = FilePath(path.string + "-old")
    let isReplaced = FileStatus(place.string) != nil
    if isReplaced { try move(place, to: old) }
    do throws(Failure) {
      try move(path, to: place)
    } catch {
      if isReplaced { try move(old, to: place) }
      throw error
    }
    syncFolder(place.removingLastComponent())
    if isReplaced { Self.remove(old) }
  }

  /// Takes the folder away, with its files.
  func remove() { Self.remove(path) }

  private func move(_ from: FilePath, to: FilePath) throws(Failure) {
    guard unsafe rename(from.string, to.string) == 0 else {
      throw Failure(.cannotCreate, "\(place): \(Errno.last)")
    }
  }

  private static func remove(_ path: FilePath) {
    for name in namesOfFiles(in: path) { unsafe unlink(path.appending(name).string) }
    unsafe rmdir(path.string)
  }
}

/// The names of what is in a folder; none for one that cannot be read.
func namesOfFiles(in path: FilePath) -> [String] {
  guard let folder = unsafe opendir(path.string) else { return [] }
  defer { unsafe closedir(folder) }
  var names: [String] = []
  while let entry = unsafe readdir(folder) {
    let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) {
      unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    if name != ".", name != ".." { names.append(name) }
  }
  return names
}
