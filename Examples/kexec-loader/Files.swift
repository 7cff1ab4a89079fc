// SPDX-License-Identifier: Apache-2.0

import Loading
import SystemPackage

/// The most bytes of a file that are read: more than any kernel or initrd has.
private let sizeLimit = 1 << 30

/// The bytes of a file.
func contents(of path: FilePath) throws(Failure) -> [UInt8] {
  do {
    guard let bytes = try readContents(of: path) else {
      throw Failure(.malformedInput, "\(path): more than \(sizeLimit) bytes")
    }
    return bytes
  } catch let failure as Failure {
    throw failure
  } catch Errno.noSuchFileOrDirectory, Errno.notDirectory, Errno.isDirectory {
    throw Failure(.missingInput, "\(path): no such file")
  } catch Errno.permissionDenied, Errno.notPermitted {
    throw Failure(.noPermission, "\(path): permission denied")
  } catch {
    throw Failure(.inputOutput, "\(path): \(error)")
  }
}

/// The one line of a file of /proc or /sys; nil for one that is not there, or closed to this process.
func line(of path: FilePath) -> String? {
  guard let bytes = try? readContents(of: path) else { return nil }
  return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
}

private func readContents(of path: FilePath) throws -> [UInt8]? {
  // A pipe that nobody writes to is read as empty, and not waited for.
  let file = try FileDescriptor.open(path, .readOnly, options: [.closeOnExec, .nonBlocking])
  return try file.closeAfter {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 18)
    while bytes.count <= sizeLimit {
      let count = try unsafe piece.withUnsafeMutableBytes { unsafe try file.read(into: $0) }
      guard count > 0 else { return bytes }
      bytes += piece[..<count]
    }
    return nil
  }
}
