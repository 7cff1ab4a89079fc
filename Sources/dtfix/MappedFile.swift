// SPDX-License-Identifier: Apache-2.0

import Glibc
import RunningKernel
import SystemPackage

/// The bytes of a file of any size, read from the disk where they are looked at; those of a pipe, read
/// at once.
///
/// Somebody who cuts the file short meanwhile ends the program, as with every mapped file.
@safe struct MappedFile: ~Copyable {
  /// What messages call it.
  let name: String
  private let mapped: UnsafeRawBufferPointer?
  private let read: [UInt8]

  /// The most bytes that are read from a pipe.
  private static let pipeLimit = 1 << 30

  /// Opens a file, or standard input for `-`.
  init(_ path: String) throws(Failure) {
    name = path == "-" ? "standard input" : path
    unsafe mapped = path == "-" ? nil : Self.map(path)
    guard unsafe mapped == nil else {
      read = []
      return
    }
    do throws(MachineError) {
      read = try readInput(path, limit: Self.pipeLimit)
    } catch {
      throw Failure(error)
    }
  }

  deinit {
    guard let mapped = unsafe mapped else { return }
    unsafe munmap(UnsafeMutableRawPointer(mutating: mapped.baseAddress), mapped.count)
  }

  /// Lends the bytes.
  func withBytes<Value, Error>(
    _ body: (Span<UInt8>) throws(Error) -> Value
  ) throws(Error) -> Value {
    guard let mapped = unsafe mapped else { return try body(read.span) }
    return try body(unsafe Span(_unsafeBytes: mapped))
  }

  /// The pages of a regular file; nil for anything else, and for one that cannot be mapped, which is
  /// read instead.
  private static func map(_ path: String) -> UnsafeRawBufferPointer? {
    guard FileStatus(path)?.isRegular == true,
      let file = try? FileDescriptor.open(
        FilePath(path), .readOnly, options: [.closeOnExec, .nonBlocking])
    else { return nil }
    defer { try? file.close() }
    guard let status = FileStatus(file), status.isRegular, status.size > 0,
      let start = unsafe mmap(nil, status.size, PROT_READ, MAP_PRIVATE, file.rawValue, 0),
      unsafe start != MAP_FAILED
    else { return nil }
    return unsafe UnsafeRawBufferPointer(start: start, count: status.size)
  }
}
