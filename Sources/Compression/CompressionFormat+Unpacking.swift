// SPDX-License-Identifier: Apache-2.0

/// What a stream held.
public struct Unpacked: Hashable, Sendable {
  /// What was compressed.
  public let bytes: [UInt8]
  /// How many bytes of the input were the stream; what follows them is not looked at.
  public let streamSize: Int
}

extension CompressionFormat {
  /// Unpacks a stream, and verifies all checks of integrity that it has.
  ///
  /// A stream ends where its format says, and what follows is the caller's business: gzip ends after
  /// one member, xz after one stream, lz4 after one frame. Frames of zstd, skippable ones included,
  /// are one stream as long as one follows the other. lz4 (legacy) has no mark at its end: it ends
  /// with the input, or before a word that is 0, larger than any chunk, or, as the last of all, the size
  /// of what was unpacked, which kernel builds append.
  ///
  /// The bytes are decoded into one buffer of their size. One that does not state its size has a buffer
  /// of eight times its own, of which what is not written to takes no memory; when it holds more, and
  /// when the last word of gzip is not its size, it is decoded twice, unless `expectedSize` tells it.
  ///
  /// - Parameters:
  ///   - stream: the stream from its start on, and whatever follows it.
  ///   - expectedSize: the exact size declared elsewhere. More is an error at once, fewer at the end.
  ///   - limits: what unpacking may take.
  ///   - progress: called every few MiB with the bytes decoded so far; they begin again at 0 when a
  ///     stream is decoded twice.
  public func unpack(
    _ stream: Span<UInt8>, expectedSize: Int? = nil, limits: UnpackingLimits = .init(),
    progress: ((Int) -> Void)? = nil
  ) throws(CompressionError) -> Unpacked {
    let unpacking = Unpacking(
      format: self, limits: limits, expectedSize: expectedSize, progress: progress)
    return switch self {
    case .gzip: try unpacking.unpack(stream, with: GzipStream.self)
    case .zstd: try unpacking.unpack(stream, with: ZstdStream.self)
    case .xz, .lzma: try unpacking.unpack(stream, with: XZStream.self)
    case .lz4: try unpacking.unpack(stream, with: LZ4Stream.self)
    case .lz4Legacy: try unpacking.unpack(stream, with: LZ4LegacyStream.self)
    case .lzop: try unpacking.unpack(stream, with: LZOPStream.self)
    }
  }

  /// The first bytes of what a stream holds, for recognising what is inside without unpacking all.
  ///
  /// - Parameters:
  ///   - stream: the stream from its start on, and whatever follows it.
  ///   - count: how many bytes are wanted; fewer come if the stream holds fewer.
  ///   - limits: what this may take.
  public func start(
    of stream: Span<UInt8>, count: Int, limits: UnpackingLimits = .init()
  ) throws(CompressionError) -> [UInt8] {
    let unpacking = Unpacking(format: self, limits: limits, expectedSize: nil, progress: nil)
    return switch self {
    case .gzip: try unpacking.start(of: stream, count: count, with: GzipStream.self)
    case .zstd: try unpacking.start(of: stream, count: count, with: ZstdStream.self)
    case .xz, .lzma: try unpacking.start(of: stream, count: count, with: XZStream.self)
    case .lz4: try unpacking.start(of: stream, count: count, with: LZ4Stream.self)
    case .lz4Legacy: try unpacking.start(of: stream, count: count, with: LZ4LegacyStream.self)
    case .lzop: try unpacking.start(of: stream, count: count, with: LZOPStream.self)
    }
  }
}
