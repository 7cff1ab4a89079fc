// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
internal import CLZ4

/// An LZ4 frame, decoded by liblz4, which verifies its checksums.
@safe struct LZ4Stream: StreamDecoder, ~Copyable {
  private let context: OpaquePointer
  private let limits: UnpackingLimits
  private var options: LZ4F_decompressOptions_t
  private(set) var position = 0
  let decodesInPlace = false

  init(
    _ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits
  ) throws(CompressionError) {
    var context: OpaquePointer?
    let result = unsafe LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
    guard let context = unsafe context, LZ4F_isError(result) == 0 else {
      throw .noMemory(needed: LZ4Frame.largestBlock)
    }
    unsafe self.context = context
    self.limits = limits
    options = LZ4F_decompressOptions_t()
    // Decoded bytes stay in place, so liblz4 need not keep a copy of them. More than the output has room
    // for is an error here, because the sum of the blocks is known.
    options.stableDst = use == .counting ? 0 : 1
  }

  deinit { unsafe LZ4F_freeDecompressionContext(context) }

  static func size(
    of stream: Span<UInt8>, _: CompressionFormat, _: UnpackingLimits
  ) throws(CompressionError) -> StreamSize {
    let frame = try LZ4Frame(stream)
    if let size = frame.contentSize { return .exactly(size) }
    return .probably(try frame.sumOfBlocks(in: stream))
  }

  mutating func decode(
    _ stream: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState {
    if position == 0 { try LZ4Frame(stream).check(limits) }
    // A multiple of every block's size, so that liblz4 decodes whole blocks where they belong.
    var result = 0
    position += output.fill(
      atMost: LZ4Frame.largestBlock, from: stream.extracting(position...)
    ) { input, room in
      var (inputSize, size) = (input.count, room.count)
      result = unsafe LZ4F_decompress(
        context, room.baseAddress, &size, input.baseAddress, &inputSize, &options)
      return (inputSize, room.count - size)
    }
    if result == 0 { return .ended }
    guard LZ4F_isError(result) == 0 else {
      let reason = unsafe String(cString: LZ4F_getErrorName(result))
      throw .corrupt(.lz4, offset: position, reason: reason)
    }
    if position == stream.count && output.free > 0 { throw .truncated(.lz4) }
    return .more
  }
}

/// Chunks of the legacy LZ4 format: a size and an LZ4 block each.
struct LZ4LegacyStream: StreamDecoder, ~Copyable {
  private let isForStart: Bool
  private(set) var position = 0
  let decodesInPlace = true

  init(
    _ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits
  ) throws(CompressionError) {
    guard LZ4Chunk.contentLimit <= limits.memory else {
      throw .needsMemory(needed: LZ4Chunk.contentLimit, limit: limits.memory)
    }
    isForStart = use == .start
  }

  /// All chunks but the last hold 8 MiB when lz4 wrote them; where that sum is more than the limit, all
  /// blocks are read.
  static func size(
    of stream: Span<UInt8>, _: CompressionFormat, _ limits: UnpackingLimits
  ) throws(CompressionError) -> StreamSize {
    var (offset, count, last) = (0, 0, 0)
    while let chunk = try LZ4Chunk(at: offset, of: stream, unpackedSize: nil) {
      (offset, count, last) = (chunk.block.upperBound, count + 1, offset)
    }
    guard count > 0 else { return .probably(0) }
    let lastSize = try sumOfChunks(in: stream, from: last)
    let size = (count - 1) * LZ4Chunk.contentLimit + lastSize
    return size <= limits.size
      ? .probably(size) : .exactly(UInt64(try sumOfChunks(in: stream, from: 0)))
  }

  private static func sumOfChunks(
    in stream: Span<UInt8>, from start: Int
  ) throws(CompressionError) -> Int {
    var (offset, sum) = (start, 0)
    while let chunk = try LZ4Chunk(at: offset, of: stream, unpackedSize: nil) {
      guard let size = lz4ContentSize(ofBlock: stream.extracting(chunk.block)),
        size <= LZ4Chunk.contentLimit
      else { throw LZ4Chunk.corrupt(at: chunk.block.lowerBound) }
      offset = chunk.block.upperBound
      sum += size
    }
    return sum
  }

  mutating func decode(
    _ stream: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState {
    guard let chunk = try LZ4Chunk(at: position, of: stream, unpackedSize: output.count) else {
      position = LZ4Chunk.end(of: stream, at: position)
      return .ended
    }
    let block = stream.extracting(chunk.block)
    let isDecoded =
      isForStart ? decodeStart(of: block, into: &output) : decodeBlock(block, into: &output)
    guard isDecoded else {
      let size = lz4ContentSize(ofBlock: block) ?? 0
      if size > output.free && size <= LZ4Chunk.contentLimit { return .full }
      throw LZ4Chunk.corrupt(at: chunk.block.lowerBound)
    }
    position = chunk.block.upperBound
    return .more
  }

  /// Decodes a block into a buffer of its own, and copies as much as the output has room for.
  ///
  /// liblz4 can decode a part of a block, but leaves bytes unwritten where a distance is 0.
  private func decodeStart(of block: Span<UInt8>, into output: inout Output) -> Bool {
    var isDecoded = false
    let content = unsafe [UInt8](unsafeUninitializedCapacity: LZ4Chunk.contentLimit) {
      room, count in
      var scratch = unsafe Output(room)
      isDecoded = decodeBlock(block, into: &scratch)
      count = scratch.count
    }
    output.append(content.span)
    return isDecoded
  }

  /// Decodes a block; false for a bad one, and for one that does not fit.
  private func decodeBlock(_ block: Span<UInt8>, into output: inout Output) -> Bool {
    var result: CInt = 0
    output.fill(atMost: LZ4Chunk.contentLimit, from: block) { block, room in
      let block = UnsafeRawBufferPointer(block)
      let target = UnsafeMutableRawBufferPointer(room)
      result = unsafe LZ4_decompress_safe(
        block.bindMemory(to: CChar.self).baseAddress,
        target.bindMemory(to: CChar.self).baseAddress, CInt(block.count), CInt(room.count))
      return (block.count, room.count - max(0, Int(result)))
    }
    return result >= 0
  }
}
