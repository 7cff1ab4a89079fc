// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

extension FilePath {
  /// The target of symbolic links, so that writing to a link keeps it; nil for a missing one.
  package var behindLinks: FilePath? {
    guard let resolved = unsafe realpath(string, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe FilePath(platformString: resolved)
  }

  /// Makes a file or folder beside the path, under an unused name.
  ///
  /// - Returns: The result of `make`, and the new path.
  func besides<Value>(
    _ make: (FilePath) throws(Errno) -> Value
  ) throws(WriteError) -> (Value, FilePath) {
    // The names of earlier runs that were killed are skipped; the last attempt fails for its own reason.
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
    preconditionFailure("an attempt succeeds or throws")
  }

  /// Renames; an error names `place`.
  func move(to path: FilePath, for place: FilePath) throws(WriteError) {
    guard unsafe rename(string, path.string) == 0 else {
      throw .creation("\(place): \(Errno.last)")
    }
  }

  /// Makes a rename in a folder durable.
  func syncFolder() {
    guard let descriptor = try? FileDescriptor.open(isEmpty ? "." : self, .readOnly) else { return }
    fsync(descriptor.rawValue)
    try? descriptor.close()
  }
}

/// Replaces a file at once: the new one is written beside it, synced and renamed, so that readers see the old
/// one or the new one.
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
