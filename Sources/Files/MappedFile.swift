// SPDX-License-Identifier: Apache-2.0

import Glibc
package import SystemPackage

/// The bytes of a file of any size, read from the disk on access; those of a pipe, read into memory at
/// once.
///
/// As with every mapped file, the process gets SIGBUS when the file is truncated meanwhile.
@safe package struct MappedFile: ~Copyable {
  /// Its name in messages.
  package let name: String
  /// The memory, which may be larger than the file.
  private let pages: UnsafeRawBufferPointer
  private let size: Int

  /// Maps a regular file, and reads any other file, and one that cannot be mapped; nil when that has more
  /// than `limit` bytes.
  package init?(_ file: OpenFile, limit: Int) throws(Errno) {
    if let pages = unsafe Self.map(file) {
      unsafe (self.pages, size) = (pages, pages.count)
    } else if let (pages, size) = unsafe try Self.read(file, limit) {
      unsafe (self.pages, self.size) = (pages, size)
    } else {
      return nil
    }
    name = file.name.string
  }

  deinit {
    unsafe munmap(UnsafeMutableRawPointer(mutating: pages.baseAddress), pages.count)
  }

  /// Lends the bytes.
  package func withBytes<Value, Error>(
    _ body: (Span<UInt8>) throws(Error) -> Value
  ) throws(Error) -> Value {
    try body(unsafe Span(_unsafeBytes: pages[..<size]))
  }

  /// The pages of a regular file; nil for another one, and for standard input, whose offset may be
  /// anywhere.
  private static func map(_ file: OpenFile) -> UnsafeRawBufferPointer? {
    guard file.descriptor != .standardInput, let status = FileStatus(file.descriptor),
      status.isRegular, status.size > 0,
      let start = unsafe mmap(
        nil, status.size, PROT_READ, MAP_PRIVATE, file.descriptor.rawValue, 0),
      unsafe start != MAP_FAILED
    else { return nil }
    return unsafe UnsafeRawBufferPointer(start: start, count: status.size)
  }

  /// Reads into a buffer for the largest file: untouched pages take no memory.
  private static func read(
    _ file: OpenFile, _ limit: Int
  ) throws(Errno) -> (UnsafeRawBufferPointer, size: Int)? {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let start = unsafe mmap(nil, limit + 1, PROT_READ | PROT_WRITE, flags, -1, 0),
      unsafe start != MAP_FAILED
    else { throw .noMemory }
    let room = unsafe UnsafeMutableRawBufferPointer(start: start, count: limit + 1)
    var size: Int?
    defer { if size == nil { unsafe munmap(start, room.count) } }
    let count = unsafe try file.fill(room)
    guard count <= limit else { return nil }
    size = count
    return (UnsafeRawBufferPointer(room), count)
  }
}
