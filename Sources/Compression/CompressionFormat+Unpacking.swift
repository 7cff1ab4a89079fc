// SPDX-License-Identifier: Apache-2.0

/// The contents of a stream.
public struct Unpacked: Hashable, Sendable {
  /// The unpacked bytes.
  public let bytes: [UInt8]
  /// How many bytes of the input are the stream; what follows is ignored.
  public let streamSize: Int
}

/// The most memory that unpacking may take: both limits together and less than 1 MiB of buffers.
public struct UnpackingLimits: Hashable, Sendable {
  /// The most bytes of output: 1 GiB unless changed.
  public var size = 1 << 30
  /// The most bytes of a decoder's own memory, its window or dictionary: 192 MiB unless changed.
  public var memory = 192 << 20

  /// The default limits, which no kernel comes near.
  public init() {}
}

extension CompressionFormat {
  /// Unpacks a stream, and verifies all its checksums.
  ///
  /// A stream ends where its format says: gzip after one member, xz after one stream, lz4 after one frame.
  /// Consecutive frames of zstd, skippable ones included, are one stream. lz4 (legacy) has no end mark: it
  /// ends with the input, or before a word that is 0, larger than any chunk, or, as the last of all, the
  /// size of the unpacked bytes, which kernel builds append.
  ///
  /// The bytes are decoded into one buffer of their size. A stream that does not state its size gets a
  /// buffer of eight times its own, whose unused part takes no memory; when it holds more, and when the
  /// last word of gzip is not its size, it is decoded twice, unless `expectedSize` is given.
  ///
  /// - Parameters:
  ///   - stream: the stream from its start on, and whatever follows it.
  ///   - expectedSize: the exact size declared elsewhere. More is an error at once, fewer at the end.
  ///   - limits: the most memory.
  ///   - progress: called every few MiB with the bytes decoded so far; it begins again at 0 when a
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

  /// The first unpacked bytes, to recognise the contents without unpacking all.
  ///
  /// - Parameters:
  ///   - stream: the stream from its start on, and whatever follows it.
  ///   - count: the most bytes; fewer are returned if the stream holds fewer.
  ///   - limits: the most memory.
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
