// SPDX-License-Identifier: Apache-2.0

import Glibc

/// What stat(2) says of a path.
struct FileStatus {
  private let status: stat

  /// Nil when there is nothing, or nothing this process may see.
  init?(_ path: String, followingLinks: Bool = true) {
    var status = stat()
    let result = unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
    guard result == 0 else { return nil }
    self.status = status
  }

  var isRegular: Bool { status.st_mode & S_IFMT == S_IFREG }
  var isCharacterDevice: Bool { status.st_mode & S_IFMT == S_IFCHR }

  /// The same for all names of one file.
  var identity: [UInt64] { [UInt64(status.st_dev), UInt64(status.st_ino)] }
}
