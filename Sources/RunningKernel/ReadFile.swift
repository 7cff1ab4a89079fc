// SPDX-License-Identifier: Apache-2.0

public import SystemPackage

/// Reads a file to its end, whatever size it claims to have: files of /proc and /sys claim 0, one
/// page, or the truth.
///
/// - Parameters:
///   - limit: bytes; reading stops with an error beyond them, so that /dev/zero has an end.
///   - advice: what to do when the file is missing or closed to this process.
public func readFile(
  _ path: FilePath, limit: Int, whenMissing missing: String? = nil,
  whenNotPermitted notPermitted: String? = nil
) throws(MachineError) -> [UInt8] {
  do {
    let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec])
    do {
      guard let bytes = try file.readAll(limit: limit) else {
        throw MachineError.tooLarge(path, limit: limit)
      }
      try file.close()
      return bytes
    } catch {
      try? file.close()
      throw error
    }
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory {
    throw .missing(path, advice: missing)
  } catch Errno.permissionDenied, Errno.notPermitted {
    throw .notPermitted(path, advice: notPermitted)
  } catch let error as Errno {
    throw .unreadable(path, error)
  } catch let error as MachineError {
    throw error
  } catch {
    throw .unreadable(path, .ioError)
  }
}

extension FileDescriptor {
  /// The bytes from here to the end; nil when there are more than `limit`.
  public func readAll(limit: Int) throws -> [UInt8]? {
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
}
