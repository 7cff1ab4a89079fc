// SPDX-License-Identifier: Apache-2.0

import Glibc
package import Kexec
import RunningKernel
package import SystemPackage

extension FileDescriptor {
  /// All bytes of an open file: of a regular one from its beginning, else from where it stands.
  ///
  /// - Parameters:
  ///   - name: what messages call it.
  ///   - limit: the most bytes; reading stops with an error beyond them.
  package func contents(named name: String, limit: Int) throws(KexecError) -> [UInt8] {
    let before = try status(of: self, named: name)
    let kind = before.st_mode & S_IFMT
    try checkIsReadable(kind, named: name)
    let bytes: [UInt8]?
    do {
      bytes = try readAll(limit: limit, fromStart: kind == S_IFREG)
    } catch {
      throw KexecError(.inputOutput, "\(name): \(error as? Errno ?? .ioError)")
    }
    guard let bytes else { throw .tooLarge(name, limit: limit) }
    // What is half old and half new is no kernel.
    let after = try status(of: self, named: name)
    guard kind != S_IFREG || after.isSame(as: before) else {
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
}

/// What fstat(2) says.
private func status(of file: FileDescriptor, named name: String) throws(KexecError) -> stat {
  var status = stat()
  guard unsafe fstat(file.rawValue, &status) == 0 else {
    throw KexecError(.usage, "\(name): file descriptor \(file.rawValue) is not open")
  }
  return status
}

extension stat {
  /// Whether nobody wrote to a file meanwhile, as far as its size and its time tell.
  fileprivate func isSame(as other: stat) -> Bool {
    st_size == other.st_size && st_mtim.tv_sec == other.st_mtim.tv_sec
      && st_mtim.tv_nsec == other.st_mtim.tv_nsec
  }
}

extension KexecError {
  /// A file that does not end within what such a file can have.
  static func tooLarge(_ name: String, limit: Int) -> KexecError {
    KexecError(.malformedInput, "\(name): more than \(limit >> 20) MiB, which no such file has")
  }
}
