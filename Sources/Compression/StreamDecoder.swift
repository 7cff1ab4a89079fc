// SPDX-License-Identifier: Apache-2.0

/// A decoder of one stream, which owns the state of a C library.
///
/// Every call gets the same stream, and does a few MiB of work from ``position`` on.
protocol StreamDecoder: ~Copyable {
  /// A decoder at the start of a stream.
  init(
    _ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits
  ) throws(CompressionError)

  /// The unpacked size, as far as it is known without decoding.
  static func size(
    of stream: Span<UInt8>, _ format: CompressionFormat, _ limits: UnpackingLimits
  ) throws(CompressionError) -> StreamSize

  /// Decodes the next bytes.
  mutating func decode(
    _ stream: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState

  /// How many bytes of the stream were read.
  var position: Int { get }

  /// Whether it looks back into its output, and so needs the same one each time.
  var decodesInPlace: Bool { get }
}

/// The purpose of a decoder.
enum DecoderUse {
  /// All bytes go to one output of exactly their size.
  case whole
  /// The first bytes go to one output; decoding stops when that is full.
  case start
  /// Bytes beyond the first output are only counted.
  case counting
}

/// The state after a call of a decoder.
enum DecodingState {
  /// There may be more.
  case more
  /// The stream has ended without an error.
  case ended
  /// There is more than the output has room for; only of in-place decoders.
  case full
}

/// The unpacked size as the stream states it.
enum StreamSize {
  /// A stream of another size is corrupt.
  case exactly(UInt64)
  /// Another size is possible.
  case probably(Int)
  /// The size is known after decoding.
  case unknown
}

/// Room for decoded bytes, filled from its start.
@safe struct Output: ~Copyable {
  private let room: UnsafeMutableBufferPointer<UInt8>
  private let capacity: Int
  /// How many bytes were written.
  private(set) var count = 0

  /// The room must outlive the value.
  @unsafe init(_ room: UnsafeMutableBufferPointer<UInt8>) {
    unsafe self.room = room
    capacity = room.count
  }

  /// How many more bytes have room.
  var free: Int { capacity - count }

  /// Makes all room free again.
  mutating func removeAll() { count = 0 }

  /// Writes bytes, as far as they have room.
  mutating func append(_ bytes: Span<UInt8>) {
    fill(atMost: bytes.count, from: bytes) { bytes, room in
      let count = unsafe room.update(fromContentsOf: bytes.prefix(room.count))
      return (count, room.count - count)
    }
  }

  /// Lends input and at most `limit` bytes of the free room to a call that returns how many bytes it read,
  /// and how many of the room it left.
  ///
  /// - Returns: the bytes that were read.
  @discardableResult
  @safe mutating func fill<Failure: Error>(
    atMost limit: Int = 4 << 20, from input: Span<UInt8>,
    _ decode: (UnsafeBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) throws(Failure) ->
      (read: Int, left: Int)
  ) throws(Failure) -> Int {
    let end = count + min(free, limit)
    let room = unsafe UnsafeMutableBufferPointer(rebasing: room[count..<end])
    let (read, left) = try unsafe input.withUnsafeBufferPointer { input throws(Failure) in
      try unsafe decode(input, room)
    }
    precondition(0...end - count ~= left && read <= input.count, "a decoder stays in its room")
    count = end - left
    return read
  }

  /// Lends all room, with the bytes written so far, to a call that moves the count.
  @safe mutating func fillWhole(
    _ write: (UnsafeMutableBufferPointer<UInt8>, inout Int) -> Void
  ) {
    unsafe write(room, &count)
    precondition(count >= 0 && count <= capacity, "a decoder stays in its room")
  }
}
