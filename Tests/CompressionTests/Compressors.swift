// SPDX-License-Identifier: Apache-2.0

import Compression
import Glibc
import Synchronization
import TestSupport
import Testing

/// A program of this machine that compresses, and the options it is given.
struct Compressor: CustomTestStringConvertible, Sendable {
  let format: CompressionFormat
  let program: String
  let options: [String]
  /// Whether it reads a named file, whose size it then knows, rather than standard input.
  let readsFile: Bool

  init(_ format: CompressionFormat, _ program: String, _ options: [String], readsFile: Bool = false)
  {
    self.format = format
    self.program = program
    self.options = options
    self.readsFile = readsFile
  }

  var testDescription: String {
    ([program] + options).joined(separator: " ") + (readsFile ? " FILE" : "")
  }

  /// What was compressed, and the streams.
  private static let made = Mutex<[String: [(content: [UInt8], stream: [UInt8])]]>([:])

  /// The stream of some content, compressed once.
  func callAsFunction(_ content: [UInt8]) throws -> [UInt8] {
    let known = Self.made.withLock { $0[testDescription]?.first { isSame($0.content, content) } }
    if let known { return known.stream }
    let stream = try compress(content)
    Self.made.withLock { $0[testDescription, default: []].append((content, stream)) }
    return stream
  }

  private func compress(_ content: [UInt8]) throws -> [UInt8] {
    guard readsFile else { return try output(run(program, ["-c"] + options, input: content)) }
    let folder = try TemporaryFolder()
    try write(content, to: folder / "content")
    return try output(run(program, ["-c"] + options + [folder / "content"]))
  }

  private func output(_ result: ToolResult) throws -> [UInt8] {
    guard result.status == 0 else { throw Failure(errors: result.errors) }
    return result.output
  }

  struct Failure: Error {
    let errors: String
  }

  /// One for each format.
  static let plain: [Compressor] = [
    Compressor(.gzip, "gzip", []),
    Compressor(.zstd, "zstd", ["-q"], readsFile: true),
    Compressor(.xz, "xz", ["-0", "--check=crc32"]),
    Compressor(.lzma, "xz", ["-0", "--format=lzma"]),
    Compressor(.lz4, "lz4", ["-q"]),
    Compressor(.lz4Legacy, "lz4", ["-q", "-l"]),
    Compressor(.lzop, "lzop", []),
  ]

  /// Those, and what else kernels are compressed with.
  static let all: [Compressor] =
    plain + [
      Compressor(.gzip, "gzip", ["-1"]),
      Compressor(.gzip, "gzip", ["-9"], readsFile: true),
      Compressor(.zstd, "zstd", ["-q", "-1"]),
      Compressor(.zstd, "zstd", ["-q", "-19"]),
      Compressor(.zstd, "zstd", ["-q", "--no-check"], readsFile: true),
      Compressor(.zstd, "zstd", ["-q", "--ultra", "-22", "--long=27"]),
      Compressor(.xz, "xz", ["-1", "--check=sha256"]),
      Compressor(.xz, "xz", ["--check=none", "--x86", "--lzma2=preset=1,dict=64KiB"]),
      Compressor(.xz, "xz", ["--check=crc32", "--arm", "--lzma2=preset=1,dict=32MiB"]),
      Compressor(.xz, "xz", ["-1", "-T2", "--block-size=1MiB"]),
      Compressor(.lzma, "xz", ["-9", "--format=lzma"]),
      Compressor(.lz4, "lz4", ["-q", "-9", "-BD"]),
      Compressor(.lz4, "lz4", ["-q", "-B4", "--no-frame-crc", "--content-size"], readsFile: true),
      Compressor(.lz4, "lz4", ["-q", "-B5", "-BX"]),
      Compressor(.lz4Legacy, "lz4", ["-q", "-l", "-9"], readsFile: true),
      Compressor(.lzop, "lzop", ["-9"], readsFile: true),
      Compressor(.lzop, "lzop", ["--crc32"]),
      Compressor(.lzop, "lzop", ["--no-checksum", "-1"]),
    ]
}

/// Bytes of some character.
enum Content: String, CaseIterable {
  case zeros, random, text
  /// What was there 70,000 bytes before, and sometimes something new.
  case distant
  /// All of them.
  case mixed

  func bytes(_ count: Int) -> [UInt8] {
    var numbers = SplitMix64(seed: 1)
    switch self {
    case .zeros: return Array(repeating: 0, count: count)
    case .random: return Self.random(count, &numbers)
    case .text: return Array(Self.words(count, &numbers).prefix(count))
    case .distant:
      var bytes: [UInt8] = []
      let unit = Self.random(70_000, &numbers)
      while bytes.count < count {
        bytes += unit
        bytes += Self.random(9, &numbers)
      }
      return Array(bytes.prefix(count))
    case .mixed:
      let parts = [Content.text, .zeros, .distant, .distant, .zeros, .random, .distant, .zeros]
      let bytes = Array(parts.map { $0.bytes(count / parts.count) }.joined())
      return bytes + Content.text.bytes(count - bytes.count)
    }
  }

  private static func random(_ count: Int, _ numbers: inout SplitMix64) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count + 8)
    while bytes.count < count {
      unsafe Swift.withUnsafeBytes(of: numbers.next()) { unsafe bytes.append(contentsOf: $0) }
    }
    return bytes.dropLast(bytes.count - count)
  }

  private static func words(_ count: Int, _ numbers: inout SplitMix64) -> [UInt8] {
    let words = ["arm64", "kernel", "0x", "the", "tree", "memory", "\n", "of", "initrd"].map {
      Array(($0 + " ").utf8)
    }
    var text: [UInt8] = []
    text.reserveCapacity(count + 16)
    while text.count < count { text += words[Int(numbers.next() % 9)] }
    return text
  }
}

extension CompressionFormat {
  /// Unpacks what an array holds.
  func unpack(
    _ stream: [UInt8], expectedSize: Int? = nil, limits: UnpackingLimits = .init()
  ) throws(CompressionError) -> Unpacked {
    try unpack(stream.span, expectedSize: expectedSize, limits: limits)
  }

  /// The start of what a stream in an array holds.
  func start(
    of stream: [UInt8], count: Int, limits: UnpackingLimits = .init()
  ) throws(CompressionError) -> [UInt8] {
    try start(of: stream.span, count: count, limits: limits)
  }

  /// The format of what an array starts with.
  static func recognized(_ start: [UInt8]) -> CompressionFormat? {
    CompressionFormat(recognizing: start.span)
  }

  /// The error that unpacking throws, or nil.
  func failure(
    _ stream: [UInt8], expectedSize: Int? = nil, limits: UnpackingLimits = .init()
  ) -> CompressionError? {
    do {
      _ = try unpack(stream.span, expectedSize: expectedSize, limits: limits)
      return nil
    } catch {
      return error
    }
  }
}

/// Whether two arrays have the same bytes, found faster than an unoptimized `==` does.
func isSame(_ one: [UInt8], _ other: [UInt8]) -> Bool {
  guard one.count == other.count, !one.isEmpty else { return one.count == other.count }
  return unsafe memcmp(one, other, one.count) == 0
}
