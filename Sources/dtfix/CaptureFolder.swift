// SPDX-License-Identifier: Apache-2.0

import Files
import Kexec
import RunningKernel
import SystemPackage

/// A folder that holds a capture.
struct CaptureFolder {
  private let path: FilePath

  init(_ path: String) {
    self.path = FilePath(path)
  }

  /// Refuses a place where something is already, before any work is done.
  func check() throws(Failure) {
    guard !path.isEmpty else { throw Failure(.usage, "-o is the name of a folder, not empty") }
    guard let status = FileStatus(path.string) else { return }
    guard status.isFolder else {
      throw Failure(.cannotCreate, "\(path): is there, and is no folder\nan archive ends in .tar")
    }
    guard path.fileNames.isEmpty else {
      throw Failure(.cannotCreate, "\(path): is there, and is not empty")
    }
  }

  /// Writes the whole capture or leaves no trace of it.
  func write(_ capture: Capture) throws(Failure) {
    let items = capture.entries.map { (path: $0.path, bytes: $0.bytes) }
    try writing { () throws(WriteError) in try writeFolder(path, items, replacesFiles: false) }
  }
}
