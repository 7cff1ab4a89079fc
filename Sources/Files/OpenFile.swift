// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// The kinds of files that may be read.
package enum FileKinds {
  /// Regular files, as all of /proc and /sys are; a pipe or device in a capture is refused at once.
  case regular
  /// Pipes and devices too, and standard input for `-`: for files that the user named.
  case all
}

/// A file that is open for reading.
package struct OpenFile {
  package let descriptor: FileDescriptor
  /// Its name in messages.
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
    // Opening a device may have effects (a watchdog starts), so its kind is checked before.
    if kinds == .regular { try requireRegular(FileStatus(path.string)) }
    let options: FileDescriptor.OpenOptions =
      kinds == .regular ? [.closeOnExec, .nonBlocking] : .closeOnExec
    let file = try FileDescriptor.open(path, .readOnly, options: options)
    defer { try? file.close() }
    // It may have been replaced since.
    if kinds == .regular { try requireRegular(FileStatus(file)) }
    return try body(OpenFile(file, named: path))
  }

  private static func requireRegular(_ status: FileStatus?) throws {
    guard let status else { throw Errno.last }
    guard status.isRegular else { throw NotRegular(kind: status.kind) }
  }
}

extension OpenFile {
  /// Reads until the buffer is full or the file ends; waits for a non-blocking pipe, too.
  ///
  /// - Parameter offset: the place in the file; nil for its own offset.
  /// - Returns: The number of bytes.
  func fill(
    _ buffer: UnsafeMutableRawBufferPointer, at offset: Int? = nil
  ) throws(Errno) -> Int {
    var size = 0
    while size < buffer.count {
      let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[size...])
      let count =
        if let offset {
          unsafe pread(descriptor.rawValue, rest.baseAddress, rest.count, offset + size)
        } else {
          unsafe read(descriptor.rawValue, rest.baseAddress, rest.count)
        }
      switch count {
      case 0: return size
      case 1...: size += count
      case _ where errno == EAGAIN:
        var request = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&request, 1, -1)
      case _ where errno != EINTR: throw .last
      default: break
      }
    }
    return size
  }

  /// The bytes up to the end, whatever size the file claims: files of /proc and /sys claim 0, one page, or the
  /// true size. Nil for more than `limit`, as in /dev/zero; at most `limit` + 1 bytes are allocated.
  ///
  /// - Parameter fromStart: read a regular file from its start, and leave its offset alone.
  package func readAll(limit: Int, fromStart: Bool = false) throws(Errno) -> [UInt8]? {
    // With room for one byte more, one read shows that a file ends where it claims.
    let room = max(1 << 16, min(claimedSize, limit) + 1)
    var bytes = [UInt8](repeating: 0, count: min(room, limit + 1))
    var size = 0
    while true {
      size += try fill(&bytes, from: size, at: fromStart ? size : nil)
      guard size <= limit else { return nil }
      if size < bytes.count {
        bytes.removeLast(bytes.count - size)
        return bytes
      }
      var larger = [UInt8](repeating: 0, count: size * 4 < limit ? size * 4 : limit + 1)
      unsafe larger.withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
      bytes = larger
    }
  }

  /// The bytes of a range of the file; fewer at the end of the file.
  package func readBytes(at range: Range<Int>) throws(Errno) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    let size = try fill(&bytes, from: 0, at: range.lowerBound)
    bytes.removeLast(bytes.count - size)
    return bytes
  }

  private func fill(
    _ bytes: inout [UInt8], from start: Int, at offset: Int?
  ) throws(Errno) -> Int {
    var span = bytes.mutableSpan
    return try unsafe span.withUnsafeMutableBytes { (buffer) throws(Errno) in
      unsafe try fill(UnsafeMutableRawBufferPointer(rebasing: buffer[start...]), at: offset)
    }
  }

  /// The size in bytes that a regular file claims; 0 for anything else.
  private var claimedSize: Int {
    FileStatus(descriptor).map { $0.isRegular ? $0.size : 0 } ?? 0
  }
}
