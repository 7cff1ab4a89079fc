// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import Files
import Foundation
import RunningKernel
import SystemPackage
import TestSupport
import Testing

@Suite struct `Reading a file` {
  @Test(arguments: [0, 1, 65535, 65536, 65537, 1 << 20])
  func `gives all its bytes`(size: Int) throws {
    let folder = try TemporaryFolder()
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try write(bytes, to: folder / "file")

    #expect(try readFile(FilePath(folder / "file"), limit: 1 << 20) == bytes)
  }

  @Test(arguments: [1, 65536, 65537, 200_000])
  func `ends at the limit`(limit: Int) throws {
    let folder = try TemporaryFolder()
    let path = FilePath(folder / "file")
    try write(Array(repeating: 7, count: limit), to: path.string)

    #expect(try readFile(path, limit: limit).count == limit)
    #expect(throws: MachineError.tooLarge(path, limit: limit - 1)) {
      try readFile(path, limit: limit - 1)
    }
  }

  /// `fs/kernfs/file.c:kernfs_fop_read_iter` answers so for a file whose device went away.
  @Test func `takes a file whose device went away for a missing one`() throws {
    let folder = try TemporaryFolder()
    let path = FilePath(folder / "file")
    try write([1], to: path.string)

    #expect(throws: MachineError.missing(path, advice: nil)) {
      try withFile(path) { _ in throw Errno.operationNotSupportedByDevice }
    }
  }

  @Test func `ends even where the file does not`() {
    #expect(throws: MachineError.tooLarge("/dev/zero", limit: 1 << 20)) {
      try readFile("/dev/zero", .all, limit: 1 << 20)
    }
  }

  @Test(arguments: [65536, 65537, 300_000])
  func `takes no more memory than the limit`(limit: Int) throws {
    let folder = try TemporaryFolder()
    let pipe = folder / "pipe"
    try run("mkfifo", [pipe])
    Thread.detachNewThread {
      _ = try? run("bash", ["-c", #"head -c "$2" /dev/zero >"$1""#, "bash", pipe, "\(limit)"])
    }

    let bytes = try readFile(FilePath(pipe), .all, limit: limit)

    #expect(bytes.count == limit)
    #expect(bytes.capacity < limit + 4096)
  }

  @Test func `does not believe its size`() throws {
    let path = "/proc/self/status"
    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int

    let text = String(decoding: try readFile(FilePath(path), limit: 1 << 20), as: UTF8.self)

    #expect(size == 0)
    #expect(text.hasPrefix("Name:"))
    #expect(text.contains("\nPid:\t\(ProcessInfo.processInfo.processIdentifier)\n"))
  }

  @Test func `waits for all that comes through a pipe`() throws {
    let folder = try TemporaryFolder()
    let pipe = folder / "pipe"
    try run("mkfifo", [pipe])
    Thread.detachNewThread {
      let script = #"{ printf one; sleep 0.1; seq 30000; printf two; } >"$1""#
      _ = try? run("bash", ["-c", script, "bash", pipe])
    }

    let text = String(decoding: try readFile(FilePath(pipe), .all, limit: 1 << 20), as: UTF8.self)

    #expect(text.hasPrefix("one1\n2\n"))
    #expect(text.hasSuffix("30000\ntwo"))
    #expect(text.utf8.count == 168_894 + 6)
  }

  @Test func `is refused when there is none`() throws {
    let folder = try TemporaryFolder()
    try write([], to: folder / "file")
    let (missing, below) = (FilePath(folder / "missing"), FilePath(folder / "file/below"))

    #expect(throws: MachineError.missing(missing, advice: .noTreeAtBoot)) {
      try readFile(missing, limit: 1, whenMissing: .noTreeAtBoot)
    }
    #expect(throws: MachineError.missing(below, advice: nil)) { try readFile(below, limit: 1) }
  }

  @Test func `is refused for a folder`() {
    #expect(throws: MachineError.unreadable("/proc", .isDirectory)) {
      try readFile("/proc", .all, limit: 1)
    }
  }
}

@Suite struct `A file of a machine` {
  @Test(
    arguments: [
      ("mkdir", .folder), ("mkfifo", .pipe), ("ln -s /dev/zero", .characterDevice),
      ("python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])'", .socket),
      ("echo >there; ln -s there", nil),
    ] as [(String, MachineError.FileKind?)])
  func `is a regular file, or refused`(make: String, kind: MachineError.FileKind?) throws {
    let folder = try TemporaryFolder()
    let path = FilePath(folder / "file")
    try #require(try run("bash", ["-ec", make + " file"], in: folder.path).status == 0)
    // A pipe that is open, and has a byte, would be read and found too large; nobody waits for it.
    let pipe = kind == .pipe ? FileHandle(forUpdatingAtPath: path.string) : nil
    try pipe?.write(contentsOf: [0])

    let error = #expect(throws: MachineError.self) { try readFile(path, limit: 0) }

    #expect(error == kind.map { .notRegular(path, $0) } ?? .tooLarge(path, limit: 0))
  }
}

@Suite struct `The reason a fact cannot be read` {
  @Test(
    arguments: [
      (.missing("/a", advice: nil), "/a: no such file"),
      (
        .missing("/a", advice: .noTreeAtBoot),
        "/a: no such file\n\(MachineError.Advice.noTreeAtBoot)"
      ),
      (.notPermitted("/a", advice: nil), "/a: permission denied"),
      (
        .notPermitted("/a", advice: .isForRoot),
        "/a: permission denied\n\(MachineError.Advice.isForRoot)"
      ),
      (.notRegular("/a", .folder), "/a: a folder, not a regular file"),
      (.notRegular("/a", .pipe), "/a: a pipe, not a regular file"),
      (.notRegular("/a", .characterDevice), "/a: a character device, not a regular file"),
      (.notRegular("/a", .blockDevice), "/a: a block device, not a regular file"),
      (.notRegular("/a", .socket), "/a: a socket, not a regular file"),
      (.unreadable("/a", .ioError), "/a: Input/output error"),
      (.tooLarge("/a", limit: 64 << 20), "/a: more than 64 MiB, which no such file has"),
      (
        .malformedLine("/a", line: 3, text: "x"), "/a: line 3: not a line of this file: x"
      ),
      (
        .malformed("/a", .badMagic(offset: 0)),
        "/a: offset 0x0: not the magic number of this format"
      ),
    ] as [(MachineError, String)])
  func `is a line that names the file`(error: MachineError, text: String) {
    #expect(error.description == text)
  }

  @Test(arguments: [
    (MachineError.Advice.noTreeAtBoot, "without a device tree"),
    (.isForRoot, "CAP_DAC_READ_SEARCH"), (.coreIsForRoot, "CAP_SYS_RAWIO"),
  ])
  func `may have a line of advice`(advice: MachineError.Advice, part: String) {
    #expect(advice.description.contains(part))
    #expect(!advice.description.contains("\n"))
  }
}
