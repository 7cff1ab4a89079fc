// SPDX-License-Identifier: Apache-2.0

package import Glibc
package import SystemPackage

/// What stat(2) says of a path.
package struct FileStatus {
  private let status: stat

  /// Nil when there is nothing, or nothing this process may see: `errno` says why.
  package init?(_ path: String, followingLinks: Bool = true) {
    self.init { status in
      unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
    }
  }

  /// The same of an open file.
  package init?(_ file: FileDescriptor) {
    self.init { status in unsafe fstat(file.rawValue, &status) }
  }

  /// The same of an input: `-` is standard input.
  package init?(input path: String) {
    if path == "-" { self.init(.standardInput) } else { self.init(path) }
  }

  private init?(_ ask: (inout stat) -> CInt) {
    var status = stat()
    guard ask(&status) == 0 else { return nil }
    self.status = status
  }

  /// `S_IFREG` and so on.
  package var kind: mode_t { status.st_mode & S_IFMT }
  package var isRegular: Bool { kind == S_IFREG }
  package var isFolder: Bool { kind == S_IFDIR }
  package var isCharacterDevice: Bool { kind == S_IFCHR }

  /// Bytes in the file.
  package var size: Int { Int(status.st_size) }

  /// The same for all names of one file.
  package var identity: [UInt64] { [UInt64(status.st_dev), UInt64(status.st_ino)] }

  /// The same as long as nobody writes to the file, as far as its size and its time tell.
  package var version: [Int] { [size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec] }
}
