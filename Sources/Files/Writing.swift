// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

extension FilePath {
  /// The file or folder behind symbolic links, so that a link that is written to stays one; nil where
  /// there is nothing.
  package var behindLinks: FilePath? {
    guard let resolved = unsafe realpath(string, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe FilePath(platformString: resolved)
  }

  /// Makes something beside the path, under a name that nobody has.
  ///
  /// - Returns: What was made, and where.
  func besides<Value>(
    _ make: (FilePath) throws(Errno) -> Value
  ) throws(WriteError) -> (Value, FilePath) {
    // The last try fails for its own reason; names of earlier runs that were killed are passed over.
    for attempt in 1... {
      let path = removingLastComponent().appending(".dtfix-\(getpid())-\(attempt)")
      do throws(Errno) {
        return (try make(path), path)
      } catch {
        guard error == .fileExists, attempt < 1000 else {
          throw .creation("\(self): cannot be created: \(error)")
        }
      }
    }
    preconditionFailure("a try succeeds or throws")
  }

  /// Gives what is at this path another one, for a message about `place`.
  func move(to path: FilePath, for place: FilePath) throws(WriteError) {
    guard unsafe rename(string, path.string) == 0 else {
      throw .creation("\(place): \(Errno.last)")
    }
  }

  /// Makes what was renamed in a folder last.
  func syncFolder() {
    guard let descriptor = try? FileDescriptor.open(isEmpty ? "." : self, .readOnly) else { return }
    fsync(descriptor.rawValue)
    try? descriptor.close()
  }
}

/// Writes a whole file or leaves no trace of it: beside its place, synced and renamed, so that a reader
/// finds the old one or the new one.
///
/// - Parameter mode: the permissions of the new file, before the umask.
package func replaceFile(
  _ place: FilePath, with bytes: Span<UInt8>, mode: UInt32
) throws(WriteError) {
  let (file, path) = try place.besides { path throws(Errno) in
    try FileDescriptor.creating(path, mode: mode)
  }
  do throws(WriteError) {
    defer { try? file.close() }
    do {
      _ = try unsafe bytes.withUnsafeBytes { unsafe try file.writeAll($0) }
      guard fsync(file.rawValue) == 0 else { throw Errno.last }
    } catch {
      throw .writing("\(place): \(error)")
    }
    try path.move(to: place, for: place)
  } catch {
    unsafe unlink(path.string)
    throw error
  }
  place.removingLastComponent().syncFolder()
}

extension FileDescriptor {
  fileprivate static func creating(
    _ path: FilePath, mode: UInt32
  ) throws(Errno) -> FileDescriptor {
    let file = unsafe Glibc.open(path.string, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard file >= 0 else { throw .last }
    return FileDescriptor(rawValue: file)
  }
}
