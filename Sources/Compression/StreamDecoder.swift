// SPDX-License-Identifier: Apache-2.0

/// A decoder of one stream, which owns what a C library needs for that.
///
/// It is lent the same stream each time, and keeps where it is in it. Each call does a few MiB of work.
protocol StreamDecoder: ~Copyable {
  /// A decoder at the start of a stream.
  init(
    _ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits
  ) throws(CompressionError)

  /// The size of what a stream holds, as far as it can be told without decoding.
  static func size(
    of stream: Span<UInt8>, _ format: CompressionFormat, _ limits: UnpackingLimits
  ) throws(CompressionError) -> StreamSize

  /// Decodes on.
  mutating func decode(
    _ stream: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState

  /// How many bytes of the stream were read.
  var position: Int { get }

  /// Whether it looks back into its output, and so must be given the same one each time.
  var decodesInPlace: Bool { get }
}

/// What a decoder is for.
enum DecoderUse {
  /// All goes to one output, which is as large as the stream's content.
  case whole
  /// The first bytes go to one output, and no more is decoded when that is full.
  case start
  /// All goes to one output after the other, where what does not fit into the first is only counted.
  case counting
}

/// Where decoding is.
enum DecodingState {
  /// There may be more.
  case more
  /// The stream has ended, and was good.
  case ended
  /// There is more than the output has room for; only in-place decoders say so.
  case full
}

/// The size of what a stream holds, as the stream tells it.
enum StreamSize {
  /// The stream is not good if it has another size.
  case exactly(UInt64)
  /// Another size is possible.
  case probably(Int)
  /// Only decoding will tell.
  case unknown
}

/// Room for decoded bytes, filled from its start.
@safe struct Output: ~Copyable {
  private let room: UnsafeMutableBufferPointer<UInt8>
  private let capacity: Int
  /// How many bytes were written.
  private(set) var count = 0

  /// Takes room that outlives the value.
  @unsafe init(_ room: UnsafeMutableBufferPointer<UInt8>) {
    unsafe self.room = room
    capacity = room.count
  }

  /// How many bytes have room.
  var free: Int { capacity - count }

  /// Forgets what was written.
  mutating func removeAll() { count = 0 }

  /// Writes bytes, as far as they have room.
  mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBufferPointer { bytes in
      fill(atMost: bytes.count) { room in
        unsafe room.update(fromContentsOf: bytes.prefix(room.count))
      }
    }
  }

  /// Lends the free room, at most `limit` bytes of it, to a call that returns how many it wrote.
  @safe mutating func fill(
    atMost limit: Int = .max, _ write: (UnsafeMutableBufferPointer<UInt8>) -> Int
  ) {
    let end = count + min(free, limit)
    let written = unsafe write(UnsafeMutableBufferPointer(rebasing: room[count..<end]))
    precondition(written >= 0 && written <= end - count, "a decoder stays in its room")
    count += written
  }

  /// Lends all room, with what was written, to a call that moves the count.
  @safe mutating func fillWhole(
    _ write: (UnsafeMutableBufferPointer<UInt8>, inout Int) -> Void
  ) {
    unsafe write(room, &count)
    precondition(count >= 0 && count <= capacity, "a decoder stays in its room")
  }
}
