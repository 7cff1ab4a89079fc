// SPDX-License-Identifier: Apache-2.0

import Foundation
import Kexec
import SystemPackage
import TestSupport
import Testing

@testable import Loading

@Suite struct `A file that is open` {
  private let folder: TemporaryFolder
  private let bytes: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 / 3) }
    try write(bytes, to: folder / "file")
  }

  @Test func `is read from its beginning, and stands where it stood`() throws {
    let file = try FileDescriptor.opened(folder / "file")
    defer { try? file.close() }
    try file.seek(offset: 1234, from: .start)
    var set = FileSet()

    try set.add(.initrd, file, named: "file")

    #expect(set.items[0].bytes == bytes)
    #expect(try file.seek(offset: 0, from: .current) == 1234)
  }

  @Test func `is not opened again`() throws {
    let file = try FileDescriptor.opened(folder / "file")
    defer { try? file.close() }
    try run("mv", [folder / "file", folder / "old"])
    try write([1, 2, 3], to: folder / "file")
    var set = FileSet()

    try set.add(.initrd, file, named: folder / "file")

    #expect(set.items[0].bytes == bytes)
  }

  /// Files of /proc say that they have no bytes.
  @Test func `may claim to be empty`() throws {
    let file = try FileDescriptor.opened("/proc/self/status")
    defer { try? file.close() }
    var set = FileSet()

    try set.add(.initrd, file, named: "status")

    #expect(set.items[0].bytes.starts(with: Array("Name:".utf8)))
  }

  @Test(arguments: [false, true])
  func `may be a pipe, and is read to its end`(isNonBlocking: Bool) async throws {
    let (end, start) = try FileDescriptor.pipe()
    if isNonBlocking { #expect(fcntl(end.rawValue, F_SETFL, O_NONBLOCK) == 0) }
    let bytes = bytes
    let writer = Thread {
      for piece in stride(from: 0, to: bytes.count, by: 50_000) {
        _ = try? start.writeAll(bytes[piece..<piece + 50_000])
        usleep(2000)
      }
      try? start.close()
    }
    var set = FileSet()

    writer.start()
    try set.add(.kernel, end, named: "pipe")

    #expect(set.items[0].bytes == bytes)
    // It is the caller's to close.
    try end.close()
  }

  @Test func `may not be a folder`() throws {
    let file = try FileDescriptor.opened(folder.path)

    refuse(file, .missingInput, "is a folder, not a file")
    try file.close()
  }

  @Test func `may not be a socket`() throws {
    var ends: [CInt] = [0, 0]
    #expect(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0)
    let files = ends.map { FileDescriptor(rawValue: $0) }

    refuse(files[0], .missingInput, "is a socket, not a file")
    for file in files { try file.close() }
  }

  @Test func `may not be closed`() throws {
    // A number that no file has, even while other tests open some.
    refuse(FileDescriptor(rawValue: 1 << 20), .usage, "file descriptor 1048576 is not open")
    refuse(FileDescriptor(rawValue: -1), .usage, "file descriptor -1 is not open")
  }

  @Test func `may not be open for writing only`() throws {
    let file = try FileDescriptor.opened(folder / "file", .writeOnly)
    let (end, start) = try FileDescriptor.pipe()

    refuse(file, .usage, "is open for writing only")
    refuse(start, .usage, "is open for writing only")
    for file in [file, end, start] { try file.close() }
  }

  /// A path without permission to read it.
  @Test func `may not be a mere place`() throws {
    let number = unsafe open(folder / "file", 0o10_000_000 /* O_PATH */ | O_CLOEXEC)
    let file = FileDescriptor(rawValue: number)

    refuse(file, .inputOutput, "Bad file descriptor")
    try file.close()
  }

  @Test func `may not be without an end`() throws {
    let file = try FileDescriptor.opened("/dev/zero")

    expectRefusal(.malformedInput, "zero: more than 8 MiB, which no such file has") {
      try file.contents(named: "zero", limit: 8 << 20)
    }
    try file.close()
  }

  @Test(arguments: [0, -1])
  func `may be as large as the limit`(difference: Int) throws {
    let file = try FileDescriptor.opened(folder / "file")
    defer { try? file.close() }

    if difference == 0 {
      #expect(try file.contents(named: "x", limit: bytes.count) == bytes)
    } else {
      expectRefusal(.malformedInput, "x: more than 0 MiB") {
        try file.contents(named: "x", limit: bytes.count - 1)
      }
    }
  }

  @Test func `may not grow meanwhile`() throws {
    let path = folder / "growing"
    try write([UInt8](repeating: 7, count: 64 << 20), to: path)
    let file = try FileDescriptor.opened(path)
    defer { try? file.close() }
    let grower = Thread {
      guard let own = try? FileDescriptor.opened(path, .writeOnly, .append) else { return }
      while !Thread.current.isCancelled { _ = try? own.writeAll([7]) }
      try? own.close()
    }
    grower.start()
    while try file.seek(offset: 0, from: .end) == 64 << 20 { usleep(100) }

    refuse(file, .inputOutput, "x: changed while it was read")
    grower.cancel()
  }

  /// What is refused leaves no trace in a set.
  private func refuse(
    _ file: FileDescriptor, _ code: KexecError.Kind, _ part: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var set = FileSet()
    expectRefusal(code, part, sourceLocation: sourceLocation) {
      try set.add(.kernel, file, named: "x")
    }
    #expect(set.items.isEmpty, sourceLocation: sourceLocation)
  }
}
