// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import Files
import Glibc
package import SystemPackage

/// Opens a file for as long as `body` reads from it; errors name the file.
///
/// - Parameters:
///   - kinds: the kinds of files that are allowed.
///   - missing: advice for a missing file.
///   - notPermitted: advice for a file that this process may not read.
package func withFile<Value: ~Copyable>(
  _ path: FilePath, _ kinds: FileKinds = .regular, whenMissing missing: MachineError.Advice? = nil,
  whenNotPermitted notPermitted: MachineError.Advice? = nil,
  _ body: (OpenFile) throws -> Value
) throws(MachineError) -> Value {
  let name = kinds == .all && path == "-" ? "standard input" : path
  do {
    return try OpenFile.with(path, kinds, body)
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory, Errno.operationNotSupportedByDevice {
    // /sys answers with ENODEV for a device that was removed while its file was open.
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

/// Reads a file to its end, whatever size it claims to have; more than `limit` bytes are an error.
///
/// The other parameters are those of `withFile`.
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

// Files that a machine may lack: each function returns nil for a missing one.
extension RunningKernel {
  /// The bytes of a file.
  func bytes(
    of path: FilePath, limit: Int = 1 << 20, whenNotPermitted advice: MachineError.Advice? = nil
  ) throws(MachineError) -> [UInt8]? {
    do {
      return try readFile(path, limit: limit, whenNotPermitted: advice)
    } catch .missing {
      return nil
    }
  }

  /// The text of a small file.
  func text(of path: FilePath) throws(MachineError) -> String? {
    try bytes(of: path).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The value in a file of one line, without its newline; a line that `parse` returns nil for is an error.
  func value<Value>(
    in path: FilePath, whenNotPermitted advice: MachineError.Advice? = nil,
    _ parse: (String) -> Value?
  ) throws(MachineError) -> Value? {
    guard let bytes = try bytes(of: path, whenNotPermitted: advice) else { return nil }
    var line = String(decoding: bytes, as: UTF8.self)
    if line.last == "\n" { line.removeLast() }
    line = String(line.prefix(80))
    guard let value = parse(line) else { throw .malformedLine(path, line: 1, text: line) }
    return value
  }

  /// The names in a folder, in no order; empty for a missing folder.
  func names(in folder: FilePath) throws(MachineError) -> [String] {
    do throws(Errno) {
      return try Folder(folder).names()
    } catch .noSuchFileOrDirectory, .notDirectory {
      return []
    } catch {
      throw .unreadable(folder, error)
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
