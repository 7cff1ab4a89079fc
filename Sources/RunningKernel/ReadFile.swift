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
  do {
    return try OpenFile.with(path, kinds, body)
  } catch let error as FileError {
    throw MachineError(error, whenMissing: missing, whenNotPermitted: notPermitted)
  } catch let error as FormatError {
    throw .malformed(path, error)
  } catch let error as MachineError {
    throw error
  } catch {
    throw .unreadable(path, .ioError)
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

extension MachineError {
  fileprivate init(
    _ error: FileError, whenMissing missing: Advice?, whenNotPermitted notPermitted: Advice?
  ) {
    switch error {
    // ENODEV is what /sys answers for a device that went away while its file was open.
    case .system(let path, .noSuchFileOrDirectory), .system(let path, .notDirectory),
      .system(let path, .operationNotSupportedByDevice):
      self = .missing(path, advice: missing)
    case .system(let path, .permissionDenied), .system(let path, .notPermitted):
      self = .notPermitted(path, advice: notPermitted)
    case .system(let path, let errno): self = .unreadable(path, errno)
    case .notRegular(let path, let kind): self = .notRegular(path, FileKind(kind))
    }
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
