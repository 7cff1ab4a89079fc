// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLZMA

/// An xz stream or an .lzma file, decoded by liblzma, which verifies the checks of xz.
@safe struct XZStream: StreamDecoder, ~Copyable {
  private let stream: UnsafeMutablePointer<lzma_stream>
  private let format: CompressionFormat
  private let limits: UnpackingLimits
  private(set) var position = 0
  let decodesInPlace = false

  init(
    _ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits
  ) throws(CompressionError) {
    unsafe stream = .allocate(capacity: 1)
    unsafe stream.initialize(to: lzma_stream())
    self.format = format
    self.limits = limits
    let memory = UInt64(max(1, limits.memory))
    let result =
      format == .xz
      ? unsafe lzma_stream_decoder(stream, memory, clzma_tell_unsupported_check())
      : unsafe lzma_alone_decoder(stream, memory)
    guard result == LZMA_OK else { throw failure(result) }
  }

  deinit {
    unsafe lzma_end(stream)
    unsafe stream.deallocate()
  }

  /// For .lzma the size in the header, all ones if unknown; for xz the sum of the sizes of its chunks.
  static func size(
    of stream: Span<UInt8>, _ format: CompressionFormat, _: UnpackingLimits
  ) throws(CompressionError) -> StreamSize {
    guard format == .lzma else { return xzContentSize(stream).map(StreamSize.probably) ?? .unknown }
    let size: UInt64 = try format.integer(at: 5, of: stream, .little)
    return size == .max ? .unknown : .exactly(size)
  }

  mutating func decode(
    _ file: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState {
    var result = LZMA_OK
    position += output.fill(from: file.extracting(position...)) { input, room in
      unsafe stream.pointee.next_in = input.baseAddress
      unsafe stream.pointee.avail_in = input.count
      unsafe stream.pointee.next_out = room.baseAddress
      unsafe stream.pointee.avail_out = room.count
      result = unsafe lzma_code(stream, LZMA_RUN)
      return unsafe (input.count - stream.pointee.avail_in, stream.pointee.avail_out)
    }
    switch result {
    case LZMA_STREAM_END: return .ended
    case LZMA_OK, LZMA_BUF_ERROR:
      let wantsInput = unsafe stream.pointee.avail_out > 0
      if wantsInput && position == file.count { throw .truncated(format) }
      return .more
    default: throw failure(result)
    }
  }

  private func failure(_ result: lzma_ret) -> CompressionError {
    switch result {
    case LZMA_MEMLIMIT_ERROR:
      .needsMemory(needed: unsafe Int(clamping: lzma_memusage(stream)), limit: limits.memory)
    case LZMA_MEM_ERROR:
      .noMemory(needed: unsafe Int(clamping: lzma_memusage(stream)))
    case LZMA_UNSUPPORTED_CHECK:
      .unsupported(format, offset: 7, feature: "this type of integrity check")
    case LZMA_OPTIONS_ERROR:
      .unsupported(format, offset: position, feature: "this filter or option")
    case LZMA_FORMAT_ERROR:
      .corrupt(format, offset: position, reason: "the header is not one of this format")
    default:
      .corrupt(format, offset: position, reason: "the data or a check of it is wrong")
    }
  }
}

// MARK: - The size of an xz stream's content

/// The unpacked size of the first stream of an xz file, without decoding it; nil for a malformed file,
/// whose fault the decoder finds.
///
/// The .xz file format 1.2.1, sections 2 and 3; the chunks of LZMA2, always the last filter, are
/// described in Linux `lib/xz/xz_dec_lzma2.c`. Unlike the index at the end of the stream, they are found
/// whatever follows.
private func xzContentSize(_ stream: Span<UInt8>) -> Int? {
  guard stream.count >= 12 else { return nil }
  let checkSize = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64][Int(stream[7] & 0xf)]
  var (offset, size) = (12, 0)
  while offset < stream.count, stream[offset] != 0 {
    let header = (Int(stream[offset]) + 1) * 4
    guard let chunks = lzma2Chunks(of: stream, at: offset + header) else { return nil }
    size += chunks.contentSize
    let padding = -(chunks.end - offset) & 3
    offset = chunks.end + padding + checkSize
  }
  return offset < stream.count ? size : nil
}

/// The end of LZMA2 data and its unpacked size, by the headers of its chunks.
private func lzma2Chunks(
  of stream: Span<UInt8>, at start: Int
) -> (end: Int, contentSize: Int)? {
  var (offset, size) = (start, 0)
  while offset < stream.count, stream[offset] != 0 {
    let control = stream[offset]
    guard control <= 2 || control >= 0x80,
      let content = try? stream.integer(UInt16.self, at: offset + 1, .big)
    else { return nil }
    if control <= 2 {
      offset += 3 + Int(content) + 1
      size += Int(content) + 1
    } else {
      guard let data = try? stream.integer(UInt16.self, at: offset + 3, .big) else { return nil }
      offset += (control >= 0xc0 ? 6 : 5) + Int(data) + 1
      size += Int(control & 0x1f) << 16 + Int(content) + 1
    }
  }
  return offset < stream.count ? (offset + 1, size) : nil
}
