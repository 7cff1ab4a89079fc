// SPDX-License-Identifier: Apache-2.0

import Glibc
import RunningKernel
import SystemPackage

/// The bytes of a file of any size, read from the disk where they are looked at; those of a pipe, read
/// at once into as much memory as they are.
///
/// Somebody who cuts the file short meanwhile ends the program, as with every mapped file.
@safe struct MappedFile: ~Copyable {
  /// What messages call it.
  let name: String
  /// The memory, which may be more than the bytes.
  private let pages: UnsafeRawBufferPointer
  private let size: Int

  /// Opens a file, or standard input for `-`.
  ///
  /// - Parameter pipeLimit: the most bytes that are read from a pipe.
  init(_ path: String, pipeLimit: Int = 1 << 30) throws(Failure) {
    let (pages, size) = unsafe try Self.pages(of: path, pipeLimit)
    name = path == "-" ? "standard input" : path
    unsafe self.pages = pages
    self.size = size
  }

  deinit {
    unsafe munmap(UnsafeMutableRawPointer(mutating: pages.baseAddress), pages.count)
  }

  /// Lends the bytes.
  func withBytes<Value, Error>(
    _ body: (Span<UInt8>) throws(Error) -> Value
  ) throws(Error) -> Value {
    try body(unsafe Span(_unsafeBytes: pages[..<size]))
  }

  private static func pages(
    of path: String, _ limit: Int
  ) throws(Failure) -> (UnsafeRawBufferPointer, size: Int) {
    if path != "-", let pages = unsafe map(path) { return unsafe (pages, pages.count) }
    do throws(MachineError) {
      return unsafe try read(path, limit)
    } catch {
      throw Failure(error)
    }
  }

  /// The pages of a regular file; nil for anything else, and for one that cannot be mapped, which is
  /// read instead.
  private static func map(_ path: String) -> UnsafeRawBufferPointer? {
    unsafe try? withFile(FilePath(path)) { file -> UnsafeRawBufferPointer? in
      guard let size = FileStatus(file)?.size, size > 0,
        let start = unsafe mmap(nil, size, PROT_READ, MAP_PRIVATE, file.rawValue, 0),
        unsafe start != MAP_FAILED
      else { return nil }
      return unsafe UnsafeRawBufferPointer(start: start, count: size)
    }
  }

  /// The bytes of any other file, to its end.
  private static func read(
    _ path: String, _ limit: Int
  ) throws(MachineError) -> (UnsafeRawBufferPointer, size: Int) {
    guard path != "-" else {
      do {
        return unsafe try read(.standardInput, "standard input", limit)
      } catch let error as MachineError {
        throw error
      } catch {
        throw .unreadable("standard input", error as? Errno ?? .ioError)
      }
    }
    return unsafe try withFile(FilePath(path), .all) { file in
      unsafe try read(file, FilePath(path), limit)
    }
  }

  /// Pages that are not written to yet take no memory, so there is room for the largest.
  private static func read(
    _ file: FileDescriptor, _ path: FilePath, _ limit: Int
  ) throws -> (UnsafeRawBufferPointer, size: Int) {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
    guard let start = unsafe mmap(nil, limit + 1, PROT_READ | PROT_WRITE, flags, -1, 0),
      unsafe start != MAP_FAILED
    else { throw Errno.noMemory }
    let room = unsafe UnsafeMutableRawBufferPointer(start: start, count: limit + 1)
    var size = 0
    do {
      while size < room.count {
        let count = unsafe try file.read(
          into: UnsafeMutableRawBufferPointer(rebasing: room[size...]))
        guard count > 0 else { return (UnsafeRawBufferPointer(room), size) }
        size += count
      }
      throw MachineError.tooLarge(path, limit: limit)
    } catch {
      unsafe munmap(start, room.count)
      throw error
    }
  }
}
