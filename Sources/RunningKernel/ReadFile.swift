// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// Reads a file to its end, whatever size it claims to have: files of /proc and /sys claim 0, one
/// page, or the truth.
///
/// - Parameters:
///   - kinds: what the file may be.
///   - limit: bytes; reading stops with an error beyond them, so that /dev/zero has an end.
///   - missing: what to do when the file is missing.
///   - notPermitted: what to do when it is closed to this process.
package func readFile(
  _ path: FilePath, _ kinds: FileKinds = .regular, limit: Int,
  whenMissing missing: MachineError.Advice? = nil,
  whenNotPermitted notPermitted: MachineError.Advice? = nil
) throws(MachineError) -> [UInt8] {
  try withFile(path, kinds, whenMissing: missing, whenNotPermitted: notPermitted) { file in
    guard let bytes = try file.readAll(limit: limit) else {
      throw MachineError.tooLarge(path, limit: limit)
    }
    return bytes
  }
}

extension FileDescriptor {
  /// The bytes from here to the end; nil when there are more than `limit`.
  ///
  /// Room is made for `limit` bytes and the one that would be too many, never for more.
  ///
  /// - Parameter fromStart: read a regular file from its beginning, and leave it where it stands.
  package func readAll(limit: Int, fromStart: Bool = false) throws -> [UInt8]? {
    // With room for one byte more, the end of a file as long as it claims is seen in one piece.
    let room = max(1 << 16, claimedSize(of: self, limit: limit) + 1)
    var bytes = [UInt8](repeating: 0, count: min(room, limit + 1))
    var size = 0
    while true {
      let count = try unsafe bytes.withUnsafeMutableBytes {
        unsafe try readWhenReady(
          into: .init(rebasing: $0[size...]), at: fromStart ? Int64(size) : nil)
      }
      size += count
      guard size <= limit else { return nil }
      if count == 0 {
        bytes.removeLast(bytes.count - size)
        return bytes
      }
      if size == bytes.count {
        let room = size * 4 < limit ? size * 4 : limit + 1
        var larger = [UInt8](repeating: 0, count: room)
        unsafe larger.withUnsafeMutableBytes { unsafe $0.copyBytes(from: bytes) }
        bytes = larger
      }
    }
  }

  /// Reads, from an offset or from here; a pipe that is not to be waited for is waited for all the same.
  private func readWhenReady(
    into buffer: UnsafeMutableRawBufferPointer, at offset: Int64?
  ) throws -> Int {
    while true {
      do {
        if let offset { return unsafe try read(fromAbsoluteOffset: offset, into: buffer) }
        return unsafe try read(into: buffer)
      } catch Errno.resourceTemporarilyUnavailable {
        var request = pollfd(fd: rawValue, events: Int16(POLLIN), revents: 0)
        _ = unsafe poll(&request, 1, -1)
      }
    }
  }

  /// The bytes of a range of the file; fewer when the file ends inside of it.
  package func readBytes(at range: Range<Int>) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    var size = 0
    while size < range.count {
      let count = try unsafe bytes.withUnsafeMutableBytes {
        unsafe try read(
          fromAbsoluteOffset: Int64(range.lowerBound + size), into: .init(rebasing: $0[size...]))
      }
      guard count > 0 else { break }
      size += count
    }
    bytes.removeLast(bytes.count - size)
    return bytes
  }
}

/// The size in bytes that a regular file claims, up to the limit; 0 for anything else.
private func claimedSize(of file: FileDescriptor, limit: Int) -> Int {
  var status = stat()
  guard unsafe fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
    return 0
  }
  return min(Int(status.st_size), limit)
}
