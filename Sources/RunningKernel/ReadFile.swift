// SPDX-License-Identifier: Apache-2.0

package import SystemPackage

/// Reads a file to its end, whatever size it claims to have: files of /proc and /sys claim 0, one
/// page, or the truth.
///
/// - Parameters:
///   - limit: bytes; reading stops with an error beyond them, so that /dev/zero has an end.
///   - missing: what to do when the file is missing.
///   - notPermitted: what to do when it is closed to this process.
package func readFile(
  _ path: FilePath, limit: Int, whenMissing missing: MachineError.Advice? = nil,
  whenNotPermitted notPermitted: MachineError.Advice? = nil
) throws(MachineError) -> [UInt8] {
  try withFile(path, whenMissing: missing, whenNotPermitted: notPermitted) { file in
    guard let bytes = try file.readAll(limit: limit) else {
      throw MachineError.tooLarge(path, limit: limit)
    }
    return bytes
  }
}

extension FileDescriptor {
  /// The bytes from here to the end; nil when there are more than `limit`.
  package func readAll(limit: Int) throws -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    var size = 0
    while true {
      let count = try unsafe bytes.withUnsafeMutableBytes {
        unsafe try read(into: .init(rebasing: $0[size...]))
      }
      size += count
      guard size <= limit else { return nil }
      if count == 0 {
        bytes.removeLast(bytes.count - size)
        return bytes
      }
      if size == bytes.count { bytes += repeatElement(0, count: size * 3) }
    }
  }

  /// The bytes of a range of the file; fewer when the file ends inside of it.
  func readBytes(at range: Range<Int>) throws -> [UInt8] {
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
