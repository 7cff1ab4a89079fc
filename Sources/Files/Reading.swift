// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

extension OpenFile {
  /// Reads until the buffer is full or the file ends; a pipe that is not to be waited for is waited
  /// for all the same.
  ///
  /// - Parameter offset: where to read from; nil for where the file stands.
  /// - Returns: The bytes that were read.
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

  /// The bytes from here to the end, whatever size the file claims to have: files of /proc and /sys
  /// claim 0, one page, or the truth. Nil when there are more than `limit`, so that /dev/zero has an
  /// end.
  ///
  /// Room is made for `limit` bytes and the one that would be too many, never for more.
  ///
  /// - Parameter fromStart: read a regular file from its beginning, and leave it where it stands.
  package func readAll(limit: Int, fromStart: Bool = false) throws(Errno) -> [UInt8]? {
    // With room for one byte more, the end of a file as long as it claims is seen in one piece.
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

  /// The bytes of a range of the file; fewer when the file ends inside of it.
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
