// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
package import Kexec
package import SystemPackage

extension FileDescriptor {
  /// All bytes of an open file: of a regular one from its beginning, else from where it stands.
  ///
  /// - Parameters:
  ///   - name: what messages call it.
  ///   - limit: the most bytes; reading stops with an error beyond them.
  package func contents(named name: String, limit: Int) throws(KexecError) -> [UInt8] {
    let before = try status(named: name)
    try checkIsReadable(before.kind, named: name)
    let bytes: [UInt8]?
    do throws(Errno) {
      bytes = try OpenFile(self, named: FilePath(name)).readAll(
        limit: limit, fromStart: before.isRegular)
    } catch {
      throw KexecError(.inputOutput, "\(name): \(error)")
    }
    guard let bytes else { throw .tooLarge(name, limit: limit) }
    // What is half old and half new is no kernel.
    let after = try status(named: name)
    guard !before.isRegular || after.version == before.version else {
      throw KexecError(.inputOutput, "\(name): changed while it was read")
    }
    return bytes
  }

  private func checkIsReadable(_ kind: mode_t, named name: String) throws(KexecError) {
    switch kind {
    case S_IFDIR: throw KexecError(.missingInput, "\(name): a folder, not a file")
    case S_IFSOCK:
      throw KexecError(.missingInput, "\(name): a socket, and no file or pipe")
    default: break
    }
    guard fcntl(rawValue, F_GETFL) & O_ACCMODE != O_WRONLY else {
      throw KexecError(.usage, "\(name): is open for writing only")
    }
  }

  private func status(named name: String) throws(KexecError) -> FileStatus {
    guard let status = FileStatus(self) else {
      throw KexecError(.usage, "\(name): file descriptor \(rawValue) is not open")
    }
    return status
  }
}

extension KexecError {
  /// A file that does not end within what such a file can have.
  static func tooLarge(_ name: String, limit: Int) -> KexecError {
    KexecError(.malformedInput, "\(name): more than \(limit >> 20) MiB, which no such file has")
  }
}
