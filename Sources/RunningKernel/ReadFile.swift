// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import Files
import Glibc
package import SystemPackage

/// Opens a file for as long as `body` reads from it, and says of every failure which file it was.
///
/// - Parameters:
///   - kinds: what the file may be.
///   - missing: what to do when the file is missing.
///   - notPermitted: what to do when it is closed to this process.
package func withFile<Value: ~Copyable>(
  _ path: FilePath, _ kinds: FileKinds = .regular, whenMissing missing: MachineError.Advice? = nil,
  whenNotPermitted notPermitted: MachineError.Advice? = nil,
  _ body: (OpenFile) throws -> Value
) throws(MachineError) -> Value {
  let name = kinds == .all && path == "-" ? "standard input" : path
  do {
    return try OpenFile.with(path, kinds, body)
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory, Errno.operationNotSupportedByDevice {
    // ENODEV is what /sys answers for a device that went away while its file was open.
    throw .missing(name, advice: missing)
  } catch Errno.permissionDenied, Errno.notPermitted {
    throw .notPermitted(name, advice: notPermitted)
  } catch let error as Errno {
    throw .unreadable(name, error)
  } catch let error as NotRegular {
    throw .notRegular(name, MachineError.FileKind(error.kind))
  } catch let error as FormatError {
    throw .malformed(name, error)
  } catch let error as MachineError {
    throw error
  } catch {
    throw .unreadable(name, .ioError)
  }
}

/// Reads a file to its end, whatever size it claims to have.
///
/// - Parameters:
///   - kinds: what the file may be.
///   - limit: bytes; reading stops with an error beyond them.
///   - missing: what to do when the file is missing.
///   - notPermitted: what to do when it is closed to this process.
package func readFile(
  _ path: FilePath, _ kinds: FileKinds = .regular, limit: Int,
  whenMissing missing: MachineError.Advice? = nil,
  whenNotPermitted notPermitted: MachineError.Advice? = nil
) throws(MachineError) -> [UInt8] {
  try withFile(path, kinds, whenMissing: missing, whenNotPermitted: notPermitted) { file in
    guard let bytes = try file.readAll(limit: limit) else {
      throw MachineError.tooLarge(file.name, limit: limit)
    }
    return bytes
  }
}

extension MachineError.FileKind {
  /// By the `S_IFMT` bits of anything but a regular file.
  fileprivate init(_ kind: mode_t) {
    self =
      switch kind {
      case S_IFDIR: .folder
      case S_IFIFO: .pipe
      case S_IFCHR: .characterDevice
      case S_IFBLK: .blockDevice
      default: .socket
      }
  }
}
