// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// What stat(2) says of a path.
struct FileStatus {
  private let status: stat

  /// Nil when there is nothing, or nothing this process may see.
  init?(_ path: String, followingLinks: Bool = true) {
    self.init { status in
      unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
    }
  }

  /// The same of an open file.
  init?(_ file: FileDescriptor) {
    self.init { status in unsafe fstat(file.rawValue, &status) }
  }

  /// The same of an input: `-` is standard input.
  init?(input path: String) {
    if path == "-" { self.init(.standardInput) } else { self.init(path) }
  }

  private init?(_ ask: (inout stat) -> CInt) {
    var status = stat()
    guard ask(&status) == 0 else { return nil }
    self.status = status
  }

  var isRegular: Bool { status.st_mode & S_IFMT == S_IFREG }
  var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }
  var isCharacterDevice: Bool { status.st_mode & S_IFMT == S_IFCHR }

  /// Bytes in the file.
  var size: Int { Int(status.st_size) }

  /// The same for all names of one file.
  var identity: [UInt64] { [UInt64(status.st_dev), UInt64(status.st_ino)] }
}
