// SPDX-License-Identifier: Apache-2.0

import Files
import Glibc
import Kexec
import SystemPackage

/// Where a result goes: a file, or an open descriptor.
struct OutputFile {
  /// A file that is not open yet; nil when the result goes to `descriptor`.
  private let path: String?
  private let descriptor: FileDescriptor
  private let name: String

  /// Nil or `-` is standard output. Names of open files are written to as they are: renaming would lose what
  /// `>>` keeps.
  init(_ path: String?) {
    let open = FileDescriptor(namedBy: path ?? "-")
    descriptor = open ?? .standardOutput
    name = path.flatMap { $0 == "-" ? nil : $0 } ?? "standard output"
    self.path = open == nil ? path : nil
  }

  /// Refuses to write bytes to a terminal, or to overwrite an input, before any work is done.
  ///
  /// - Parameter refusal: the message about a terminal.
  func check(
    inputs: [String], isText: Bool = false,
    refusal: String = "a tree is not written to a terminal: use -o FILE, or --json"
  ) throws(Failure) {
    guard isText || !isTerminal else { throw Failure(.usage, refusal) }
    guard let target = path.map({ FileStatus($0) }) ?? FileStatus(descriptor), target.isRegular
    else { return }
    guard !inputs.contains(where: { FileStatus(input: $0)?.identity == target.identity }) else {
      throw Failure(.usage, "\(name): is also an input; write the result to another file")
    }
  }

  /// Writes the whole result or leaves no trace of it.
  ///
  /// A regular file is written under another name, synced and renamed, so that a reader finds the old
  /// one or the new one. A device or pipe is written to as it is.
  func write(_ bytes: Span<UInt8>, isSecret: Bool) throws(Failure) {
    guard let path else { return try write(bytes, to: descriptor, name) }
    if let status = FileStatus(path), !status.isRegular {
      try writeInPlace(bytes, path)
    } else {
      let place = try finalPath(path)
      try writing { () throws(WriteError) in
        try replaceFile(place, with: bytes, mode: isSecret ? 0o600 : 0o666)
      }
    }
  }

  private var isTerminal: Bool {
    guard let path else { return isatty(descriptor.rawValue) == 1 }
    // Opening a pipe would wait for its reader; only a character device can be a terminal.
    guard FileStatus(path)?.isCharacterDevice == true else { return false }
    let options: FileDescriptor.OpenOptions = [.closeOnExec, .nonBlocking]
    guard let file = try? FileDescriptor.open(FilePath(path), .writeOnly, options: options) else {
      return false
    }
    defer { try? file.close() }
    return isatty(file.rawValue) == 1
  }

  private func writeInPlace(_ bytes: Span<UInt8>, _ path: String) throws(Failure) {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(FilePath(path), .writeOnly, options: [.closeOnExec])
    } catch {
      throw Failure(.cannotCreate, "\(path): cannot be written: \(error)")
    }
    defer { try? file.close() }
    try write(bytes, to: file, path)
  }

  private func write(
    _ bytes: Span<UInt8>, to file: FileDescriptor, _ name: String
  ) throws(Failure) {
    do {
      _ = try unsafe bytes.withUnsafeBytes { unsafe try file.writeAll($0) }
    } catch {
      throw Failure(.inputOutput, "\(name): \(error)")
    }
  }

  /// The target of symbolic links, so that a link stays one.
  private func finalPath(_ path: String) throws(Failure) -> FilePath {
    if let place = FilePath(path).behindLinks { return place }
    guard !path.hasSuffix("/") else {
      throw Failure(.cannotCreate, "\(path): cannot be created: that is the name of a folder")
    }
    guard FileStatus(path, followingLinks: false) == nil else {
      throw Failure(.cannotCreate, "\(path): is a dangling link")
    }
    return FilePath(path)
  }
}

extension FileDescriptor {
  /// The open file that a name stands for: `-`, `/dev/stdout`, `/dev/fd/N`, `/proc/self/fd/N`, or the
  /// file that is standard output already. Nil for all other names.
  fileprivate init?(namedBy path: String) {
    let numbers = ["/dev/fd/", "/proc/self/fd/"].compactMap { folder in
      path.hasPrefix(folder) ? CInt(path.dropFirst(folder.count)) : nil
    }
    let status = FileStatus(path)
    if let number = numbers.first {
      self.init(rawValue: number)
    } else if path == "-" || path == "/dev/stdout"
      || status?.isRegular == true && status?.identity == FileStatus(.standardOutput)?.identity
    {
      self = .standardOutput
    } else {
      return nil
    }
  }
}
