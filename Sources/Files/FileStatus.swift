// SPDX-License-Identifier: Apache-2.0

package import Glibc
package import SystemPackage

/// The result of stat(2).
package struct FileStatus {
  private let status: stat

  /// Nil when the file is missing or hidden from this process, with the reason in `errno`.
  package init?(_ path: String, followingLinks: Bool = true) {
    self.init { status in
      unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
    }
  }

  /// The status of an open file.
  package init?(_ file: FileDescriptor) {
    self.init { status in unsafe fstat(file.rawValue, &status) }
  }

  /// The status of an input: `-` is standard input.
  package init?(input path: String) {
    if path == "-" { self.init(.standardInput) } else { self.init(path) }
  }

  private init?(_ call: (inout stat) -> CInt) {
    var status = stat()
    guard call(&status) == 0 else { return nil }
    self.status = status
  }

  /// `S_IFREG` and so on.
  package var kind: mode_t { status.st_mode & S_IFMT }
  package var isRegular: Bool { kind == S_IFREG }
  package var isFolder: Bool { kind == S_IFDIR }
  package var isCharacterDevice: Bool { kind == S_IFCHR }

  /// Bytes in the file.
  package var size: Int { Int(status.st_size) }

  /// Equal for all names of one file.
  package var identity: [UInt64] { [UInt64(status.st_dev), UInt64(status.st_ino)] }

  /// Equal as long as the file is not written to, by its size and time.
  package var version: [Int] { [size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec] }
}

/// A file is not regular: the `S_IFMT` bits of its mode.
package struct NotRegular: Error {
  package let kind: mode_t
}

/// Why a file or folder was not written.
package struct WriteError: Error {
  /// Whether it could not be created, or not be renamed; else, writing failed.
  package let isOfCreation: Bool
  /// The file and the reason, in a line.
  package let message: String

  static func creation(_ message: String) -> WriteError {
    WriteError(isOfCreation: true, message: message)
  }

  static func writing(_ message: String) -> WriteError {
    WriteError(isOfCreation: false, message: message)
  }
}

extension Errno {
  /// The error of the system call that failed last.
  package static var last: Errno { Errno(rawValue: errno) }
}
