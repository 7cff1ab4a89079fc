// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Glibc
package import SystemPackage

/// What a file that is read may be.
package enum FileKinds {
  /// A regular file, as all of /proc and /sys are. What else a capture may have in its place is
  /// refused, and never waited for.
  case regular
  /// Pipes and devices too, however long they take: for files that the user named.
  case all
}

/// Opens a file for as long as `body` reads from it, and says of every failure which file it was.
///
/// - Parameters:
///   - kinds: what the file may be.
///   - missing: what to do when the file is missing.
///   - notPermitted: what to do when it is closed to this process.
package func withFile<Value>(
  _ path: FilePath, _ kinds: FileKinds = .regular, whenMissing missing: MachineError.Advice? = nil,
  whenNotPermitted notPermitted: MachineError.Advice? = nil,
  _ body: (FileDescriptor) throws -> Value
) throws(MachineError) -> Value {
  do {
    guard kinds == .regular else {
      let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
      return try file.closeAfter { try body(file) }
    }
    // Opening a device may do something (a watchdog starts), so it is looked at before.
    try requireRegular(path) { status in
      unsafe path.withPlatformString { unsafe stat($0, &status) }
    }
    let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
    return try file.closeAfter {
      // Another file may have taken its place since.
      try requireRegular(path) { status in unsafe fstat(file.rawValue, &status) }
      return try body(file)
    }
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory, Errno.operationNotSupportedByDevice {
    // ENODEV is what /sys answers for a device that went away while its file was open.
    throw .missing(path, advice: missing)
  } catch Errno.permissionDenied, Errno.notPermitted {
    throw .notPermitted(path, advice: notPermitted)
  } catch let error as Errno {
    throw .unreadable(path, error)
  } catch let error as FormatError {
    throw .malformed(path, error)
  } catch let error as MachineError {
    throw error
  } catch {
    throw .unreadable(path, .ioError)
  }
}

/// Throws for all but a regular file; `ask` is stat(2) or fstat(2).
private func requireRegular(_ path: FilePath, _ ask: (inout stat) -> CInt) throws {
  var status = stat()
  guard ask(&status) == 0 else { throw Errno(rawValue: errno) }
  let kind: MachineError.FileKind
  switch status.st_mode & S_IFMT {
  case S_IFREG: return
  case S_IFDIR: kind = .folder
  case S_IFIFO: kind = .pipe
  case S_IFCHR: kind = .characterDevice
  case S_IFBLK: kind = .blockDevice
  default: kind = .socket
  }
  throw MachineError.notRegular(path, kind)
}
