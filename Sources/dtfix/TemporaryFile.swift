// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec
import SystemPackage

/// A file beside the place it is made for, under a name that nobody has.
struct TemporaryFile {
  /// Open for writing.
  let file: FileDescriptor
  private let place: FilePath
  private let path: FilePath

  init(beside place: FilePath, mode: UInt32) throws(Failure) {
    self.place = place
    let folder = place.removingLastComponent()
    // The last try fails for its own reason; names of earlier runs that were killed are passed over.
    for attempt in 1... {
      let path = folder.appending(".dtfix-\(getpid())-\(attempt)")
      do {
        file = try FileDescriptor.open(
          path, .writeOnly, options: [.closeOnExec, .create, .exclusiveCreate],
          permissions: FilePermissions(rawValue: mode))
        self.path = path
        return
      } catch Errno.fileExists where attempt < 1000 {
        continue
      } catch {
        throw Failure(.cannotCreate, "\(place): cannot be created: \(error)")
      }
    }
    preconditionFailure("a try succeeds or throws")
  }

  /// Gives the file its place, after its bytes have reached the disk.
  func becomeFinal() throws(Failure) {
    guard fsync(file.rawValue) == 0 else { throw Failure(.inputOutput, "\(place): \(Errno.last)") }
    guard unsafe rename(path.string, place.string) == 0 else {
      throw Failure(.cannotCreate, "\(place): \(Errno.last)")
    }
    try? file.close()
    syncFolder(place.removingLastComponent())
  }

  /// Takes the file away.
  func remove() {
    try? file.close()
    unsafe unlink(path.string)
  }
}

/// Makes what was renamed in a folder last.
func syncFolder(_ path: FilePath) {
  guard let descriptor = try? FileDescriptor.open(path.isEmpty ? "." : path, .readOnly) else {
    return
  }
  fsync(descriptor.rawValue)
  try? descriptor.close()
}

extension Errno {
  /// The error of the system call that failed last.
  static var last: Errno { Errno(rawValue: errno) }
}
