// SPDX-License-Identifier: Apache-2.0

import Glibc
import SystemPackage

/// Where a result goes: a file, or standard output.
struct OutputFile {
  let path: String?

  /// Nil or `-` is standard output.
  init(_ path: String?) {
    self.path = path == "-" ? nil : path
  }

  /// Refuses what would end badly, before any work is done: bytes on a terminal, and a result in the
  /// place of its own source.
  func check(input: String?) throws(Failure) {
    guard let path else {
      guard isatty(STDOUT_FILENO) == 0 else {
        throw Failure(.usage, "a tree is not written to a terminal: use -o FILE, or --json")
      }
      return
    }
    guard let input, let target = status(of: path), let source = status(of: input) else { return }
    guard (target.st_dev, target.st_ino) != (source.st_dev, source.st_ino) else {
      throw Failure(.usage, "\(path): is the input too; write the result elsewhere")
    }
  }

  /// Writes the whole result or leaves no trace of it.
  ///
  /// A regular file is written beside its place, synced and renamed, so that a reader finds the old
  /// one or the new one. Anything else that is there (a device, a pipe) is written to as it is.
  func write(_ bytes: [UInt8], isSecret: Bool) throws(Failure) {
    guard let path else { return try write(bytes, to: .standardOutput, "standard output") }
    let old = status(of: path)
    guard old == nil || (old?.st_mode ?? 0) & S_IFMT == S_IFREG else {
      return try writeInPlace(bytes, path)
    }
    try replace(at: finalPath(path), with: bytes, mode: isSecret ? 0o600 : 0o666)
  }

  private func writeInPlace(_ bytes: [UInt8], _ path: String) throws(Failure) {
    let file = try open(path, options: [.closeOnExec], mode: 0o600)
    defer { try? file.close() }
    try write(bytes, to: file, path)
  }

  private func replace(at path: String, with bytes: [UInt8], mode: UInt32) throws(Failure) {
    let temporary = "\(path).\(getpid()).tmp"
    let options: FileDescriptor.OpenOptions = [.closeOnExec, .create, .exclusiveCreate]
    let file = try open(temporary, options: options, mode: mode)
    do throws(Failure) {
      defer { try? file.close() }
      try write(bytes, to: file, path)
      guard fsync(file.rawValue) == 0 else { throw Failure(.inputOutput, "\(path): \(Errno.last)") }
      guard unsafe rename(temporary, path) == 0 else {
        throw Failure(.cannotCreate, "\(path): \(Errno.last)")
      }
    } catch {
      unsafe unlink(temporary)
      throw error
    }
    syncFolder(of: path)
  }

  private func open(
    _ path: String, options: FileDescriptor.OpenOptions, mode: UInt32
  ) throws(Failure) -> FileDescriptor {
    do {
      return try FileDescriptor.open(
        FilePath(path), .writeOnly, options: options, permissions: FilePermissions(rawValue: mode))
    } catch {
      let place = path.hasSuffix(".tmp") ? self.path ?? path : path
      throw Failure(.cannotCreate, "\(place): cannot be created: \(error)")
    }
  }

  private func write(
    _ bytes: [UInt8], to file: FileDescriptor, _ name: String
  ) throws(Failure) {
    do {
      try file.writeAll(bytes)
    } catch {
      throw Failure(.inputOutput, "\(name): \(error)")
    }
  }

  /// The file behind symbolic links, so that a link stays one.
  private func finalPath(_ path: String) -> String {
    guard let resolved = unsafe realpath(path, nil) else { return path }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  private func syncFolder(of path: String) {
    let folder = FilePath(path).removingLastComponent()
    let target = folder.isEmpty ? FilePath(".") : folder
    guard let descriptor = try? FileDescriptor.open(target, .readOnly) else { return }
    fsync(descriptor.rawValue)
    try? descriptor.close()
  }

  private func status(of path: String) -> stat? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? status : nil
  }
}

extension Errno {
  /// The error of the system call that failed last.
  fileprivate static var last: Errno { Errno(rawValue: errno) }
}
