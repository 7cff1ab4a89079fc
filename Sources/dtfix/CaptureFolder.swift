// SPDX-License-Identifier: Apache-2.0

import Glibc
import Kexec
import RunningKernel
import SystemPackage

/// A folder that holds a capture.
struct CaptureFolder {
  private let path: FilePath

  init(_ path: String) {
    self.path = FilePath(path)
  }

  /// The folder itself, behind symbolic links, so that a link stays one.
  private var place: FilePath {
    guard let resolved = unsafe realpath(path.string, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe FilePath(platformString: resolved)
  }

  /// Refuses a place where something is already, before any work is done.
  func check() throws(Failure) {
    guard !path.isEmpty else { throw Failure(.usage, "-o is the name of a folder, not empty") }
    guard let status = FileStatus(path.string) else { return }
    guard status.isFolder else {
      throw Failure(.cannotCreate, "\(path): is there, and is no folder\nan archive ends in .tar")
    }
    guard namesOfFiles(in: path).isEmpty else {
      throw Failure(.cannotCreate, "\(path): is there, and is not empty")
    }
  }

  /// Writes the whole capture or leaves no trace of it: beside its place, then renamed. Only its owner may
  /// look.
  func write(_ capture: Capture) throws(Failure) {
    let temporary = try TemporaryFolder(beside: place)
    do throws(Failure) {
      try temporary.add(capture.entries)
      try temporary.becomeFinalWhereNothingIs()
    } catch {
      temporary.removeAll()
      throw error
    }
  }
}
