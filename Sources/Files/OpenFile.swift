// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// What a file that is read may be.
package enum FileKinds {
  /// A regular file, as all of /proc and /sys are. What else a capture may have in its place is
  /// refused, and never waited for.
  case regular
  /// Pipes and devices too, however long they take, and standard input for `-`: for files that the
  /// user named.
  case all
}

/// A file that is open for reading.
package struct OpenFile {
  package let descriptor: FileDescriptor
  /// What messages call it.
  package let name: FilePath

  package init(_ descriptor: FileDescriptor, named name: FilePath) {
    self.descriptor = descriptor
    self.name = name
  }

  /// Opens a file for as long as `body` reads from it.
  ///
  /// - Throws: `Errno`, ``NotRegular``, and what `body` throws.
  package static func with<Value: ~Copyable>(
    _ path: FilePath, _ kinds: FileKinds, _ body: (OpenFile) throws -> Value
  ) throws -> Value {
    if kinds == .all, path == "-" {
      return try body(OpenFile(.standardInput, named: "standard input"))
    }
    // Opening a device may do something (a watchdog starts), so it is looked at before.
    if kinds == .regular { try requireRegular(FileStatus(path.string)) }
    let options: FileDescriptor.OpenOptions =
      kinds == .regular ? [.closeOnExec, .nonBlocking] : .closeOnExec
    let file = try FileDescriptor.open(path, .readOnly, options: options)
    defer { try? file.close() }
    // Another file may have taken its place since.
    if kinds == .regular { try requireRegular(FileStatus(file)) }
    return try body(OpenFile(file, named: path))
  }

  private static func requireRegular(_ status: FileStatus?) throws {
    guard let status else { throw Errno.last }
    guard status.isRegular else { throw NotRegular(kind: status.kind) }
  }
}
