// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CZlib

/// A member of a gzip file, decoded by zlib, which verifies its CRC-32 and its size.
@safe struct GzipStream: StreamDecoder, ~Copyable {
  /// zlib keeps this address.
  private let stream: UnsafeMutablePointer<z_stream>
  private(set) var position = 0
  let decodesInPlace = false

  /// What zlib allocates: the state and a window of 32 KiB.
  private static let memory = 48 << 10

  init(
    _ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits
  ) throws(CompressionError) {
    guard limits.memory >= Self.memory else {
      throw .needsMemory(needed: Self.memory, limit: limits.memory)
    }
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    let result = unsafe czlib_inflate_init_gzip(stream)
    precondition(result == Z_OK || result == Z_MEM_ERROR, "zlib is the one that was compiled for")
  }

  deinit {
    unsafe inflateEnd(stream)
    unsafe stream.deallocate()
  }

  /// The last word of a file: the size modulo 2³² if the file ends with the member. A size that deflate
  /// cannot reach, more than 1032 bytes for each byte, is ignored.
  static func size(of stream: Span<UInt8>, _: CompressionFormat, _: UnpackingLimits) -> StreamSize {
    guard let size = try? stream.integer(UInt32.self, at: stream.count - 4, .little),
      size <= stream.count * 1032
    else { return .unknown }
    return .probably(Int(size))
  }

  mutating func decode(
    _ file: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState {
    var result = Z_OK
    position += output.fill(from: file.extracting(position...)) { input, room in
      let size = min(input.count, Int(UInt32.max))
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      unsafe stream.pointee.avail_in = UInt32(size)
      unsafe stream.pointee.next_out = room.baseAddress
      unsafe stream.pointee.avail_out = UInt32(room.count)
      result = unsafe inflate(stream, Z_NO_FLUSH)
      return unsafe (size - Int(stream.pointee.avail_in), Int(stream.pointee.avail_out))
    }
    switch result {
    case Z_STREAM_END: return .ended
    case Z_OK, Z_BUF_ERROR:
      let wantsInput = unsafe stream.pointee.avail_out > 0
      if wantsInput && position == file.count { throw .truncated(.gzip) }
      return .more
    case Z_MEM_ERROR, Z_STREAM_ERROR:
      throw .noMemory(needed: Self.memory)
    default:
      let message = unsafe stream.pointee.msg.map { unsafe String(cString: $0) }
      throw .corrupt(.gzip, offset: position, reason: message ?? "zlib error \(result)")
    }
  }
}

// MARK: - Checksums, of lzop too

/// The CRC-32 of RFC 1952.
func crc32(of bytes: Span<UInt8>) -> UInt32 {
  unsafe bytes.withUnsafeBufferPointer {
    UInt32(truncatingIfNeeded: unsafe crc32_z(0, $0.baseAddress, $0.count))
  }
}

/// The Adler-32 of RFC 1950.
func adler32(of bytes: Span<UInt8>) -> UInt32 {
  unsafe bytes.withUnsafeBufferPointer {
    UInt32(truncatingIfNeeded: unsafe adler32_z(1, $0.baseAddress, $0.count))
  }
}
