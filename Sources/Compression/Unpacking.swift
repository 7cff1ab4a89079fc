// SPDX-License-Identifier: Apache-2.0

import Glibc

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

/// The unpacking of one stream by any decoder.
struct Unpacking {
  let format: CompressionFormat
  let limits: UnpackingLimits
  let expectedSize: Int?
  let progress: ((Int) -> Void)?

  /// The buffer for bytes that are only counted.
  private static let scratchSize = 1 << 16
  /// The buffer of a stream of unknown size, in multiples of its own: kernels shrink to a third or less.
  private static let usualRatio = 8

  /// The size of the buffer.
  private enum Room {
    /// The unpacked size.
    case exact(Int)
    /// A guess; pages that are not written to take no memory.
    case guessed(Int)
  }

  /// Decodes the first bytes of a stream, whose size is then not known, or all.
  func decode<Decoder: StreamDecoder & ~Copyable>(
    _ stream: Span<UInt8>, _ count: Int?, with decoder: Decoder.Type
  ) throws(CompressionError) -> Unpacked {
    guard let count else { return try unpack(stream, with: decoder) }
    return Unpacked(bytes: try start(of: stream, count: count, with: decoder), streamSize: 0)
  }

  /// Decodes into a buffer of the expected, stated or guessed size, and again when that was too small.
  private func unpack<Decoder: StreamDecoder & ~Copyable>(
    _ stream: Span<UInt8>, with decoder: Decoder.Type
  ) throws(CompressionError) -> Unpacked {
    try format.checkMagic(of: stream)
    let stated = try Decoder.size(of: stream, format, limits)
    var room = try startingRoom(for: stream, stated)
    while true {
      let attempt = try attempt(Decoder.self, stream, room)
      if attempt.fits(room) {
        return Unpacked(bytes: attempt.bytes, streamSize: attempt.streamSize)
      }
      if let expectedSize { throw .otherSize(found: attempt.size, declared: expectedSize) }
      if case .exactly = stated {
        throw .corrupt(
          format, offset: attempt.streamSize,
          reason: "it holds \(attempt.size) bytes, which is not the size that it states")
      }
      room = .exact(attempt.size)
    }
  }

  /// Decodes no more than the first bytes.
  private func start<Decoder: StreamDecoder & ~Copyable>(
    of stream: Span<UInt8>, count: Int, with decoder: Decoder.Type
  ) throws(CompressionError) -> [UInt8] {
    try format.checkMagic(of: stream)
    var decoder = try Decoder(format, for: .start, limits)
    return try bytes(size: max(0, min(count, limits.size))) { output throws(CompressionError) in
      var state = DecodingState.more
      while state == .more && output.free > 0 {
        state = try decoder.decode(stream, into: &output)
      }
    }
  }

  /// The room to start with.
  private func startingRoom(
    for stream: Span<UInt8>, _ stated: StreamSize
  ) throws(CompressionError) -> Room {
    if case .exactly(let size) = stated {
      if let expectedSize, UInt64(expectedSize) != size {
        throw .otherSize(found: Int(clamping: size), declared: expectedSize)
      }
      guard size <= limits.size else { throw .tooLarge(limit: limits.size) }
      return .exact(Int(size))
    }
    if let expectedSize {
      guard expectedSize <= limits.size else { throw .tooLarge(limit: limits.size) }
      return .exact(expectedSize)
    }
    if case .probably(let size) = stated, size <= limits.size { return .exact(size) }
    let (usual, overflow) = stream.count.multipliedReportingOverflow(by: Self.usualRatio)
    let guess = max(0, overflow ? limits.size : min(usual, limits.size))
    return .guessed(isAvailable(guess) ? guess : 0)
  }

  /// The result of decoding all.
  private struct Attempt {
    /// The bytes that had room.
    let bytes: [UInt8]
    /// The unpacked size.
    let size: Int
    let streamSize: Int

    func fits(_ room: Room) -> Bool {
      switch room {
      case .exact(let size): self.size == size
      case .guessed(let size): self.size <= size
      }
    }
  }

  /// Decodes all; bytes without room are counted.
  private func attempt<Decoder: StreamDecoder & ~Copyable>(
    _: Decoder.Type, _ stream: Span<UInt8>, _ room: Room
  ) throws(CompressionError) -> Attempt {
    let (size, use) =
      switch room {
      case .exact(let size): (size, DecoderUse.whole)
      case .guessed(let size): (size, DecoderUse.counting)
      }
    var decoder = try Decoder(format, for: use, limits)
    var surplus = 0
    let bytes = try bytes(size: size) { output throws(CompressionError) in
      var state = DecodingState.more
      while state == .more && (output.free > 0 || decoder.decodesInPlace) {
        state = try decoder.decode(stream, into: &output)
        progress?(output.count)
      }
      switch state {
      case .ended: break
      case .more: surplus = try countRest(of: stream, after: output.count, with: &decoder)
      case .full: throw overflow(at: decoder.position, found: size + 1)
      }
    }
    return Attempt(bytes: bytes, size: bytes.count + surplus, streamSize: decoder.position)
  }

  /// Decodes and counts the bytes that have no room.
  private func countRest<Decoder: StreamDecoder & ~Copyable>(
    of stream: Span<UInt8>, after count: Int, with decoder: inout Decoder
  ) throws(CompressionError) -> Int {
    var surplus = 0
    _ = try bytes(size: Self.scratchSize) { scratch throws(CompressionError) in
      var state = DecodingState.more
      while state == .more {
        state = try decoder.decode(stream, into: &scratch)
        surplus += scratch.count
        scratch.removeAll()
        if surplus > 0, expectedSize != nil {
          throw overflow(at: decoder.position, found: count + surplus)
        }
        guard count + surplus <= limits.size else { throw .tooLarge(limit: limits.size) }
        progress?(count + surplus)
      }
    }
    return surplus
  }

  /// The error for a stream that holds more than it may.
  private func overflow(at offset: Int, found: Int) -> CompressionError {
    if let expectedSize { return .otherSize(found: found, declared: expectedSize) }
    return .corrupt(format, offset: offset, reason: "there is more than the size that it states")
  }

  /// An array of what `write` writes, allocated once.
  private func bytes(
    size: Int, _ write: (inout Output) throws(CompressionError) -> Void
  ) throws(CompressionError) -> [UInt8] {
    guard isAvailable(size) else { throw .noMemory(needed: size) }
    var failure: CompressionError?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size) { room, count in
      var output = unsafe Output(UnsafeMutableBufferPointer(rebasing: room[..<size]))
      do throws(CompressionError) { try write(&output) } catch { failure = error }
      count = output.count
    }
    if let failure { throw failure }
    return bytes
  }
}

/// Whether the machine has that much memory: a stream may state any size up to the limit, and an array
/// traps without memory.
private func isAvailable(_ size: Int) -> Bool {
  guard size > 1 << 20 else { return true }
  let probe = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
  guard unsafe probe != MAP_FAILED else { return false }
  unsafe munmap(probe, size)
  return true
}
