// SPDX-License-Identifier: Apache-2.0

package import Glibc
package import SystemPackage

/// What is in the place of a regular file: the `S_IFMT` bits of its mode.
package struct NotRegular: Error {
  package let kind: mode_t
}

/// Why a file or folder was not written.
package struct WriteError: Error {
  /// Whether it could not be created, or its place not be taken; else, writing failed.
  package let isOfCreation: Bool
  /// What was to be written, and why it was not, in a line.
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
