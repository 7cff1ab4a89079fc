// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// An open folder.
@safe package struct Folder: ~Copyable {
  private let stream: OpaquePointer

  /// A file or folder in it.
  package struct Entry {
    package let name: String
    /// The inode number: `d_ino`.
    package let number: UInt64
    /// `DT_DIR` and so on; `DT_UNKNOWN` where the file system does not list it.
    package let type: Int
  }

  package init(_ path: FilePath) throws(Errno) {
    guard let stream = unsafe opendir(path.string) else { throw .last }
    unsafe self.stream = stream
  }

  /// Takes over an open descriptor, and closes it on failure.
  package init(consuming descriptor: CInt) throws(Errno) {
    guard let stream = unsafe fdopendir(descriptor) else {
      defer { close(descriptor) }
      throw .last
    }
    unsafe self.stream = stream
  }

  deinit { unsafe closedir(stream) }

  /// The next entry, in no order, without `.` and `..`; nil after the last.
  package func next() throws(Errno) -> Entry? {
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else {
        guard errno == 0 else { throw .last }
        return nil
      }
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      guard name != ".", name != ".." else { continue }
      return unsafe Entry(
        name: name, number: UInt64(entry.pointee.d_ino), type: Int(entry.pointee.d_type))
    }
  }

  /// The remaining names.
  package consuming func names() throws(Errno) -> [String] {
    var names: [String] = []
    while let entry = try next() { names.append(entry.name) }
    return names
  }
}

extension FilePath {
  /// The names in a folder; empty for an unreadable one.
  package var fileNames: [String] { (try? Folder(self).names()) ?? [] }
}
