// SPDX-License-Identifier: Apache-2.0

internal import CZstd

/// Consecutive Zstandard frames, decoded by libzstd, which verifies their checksums.
@safe struct ZstdStream: StreamDecoder, ~Copyable {
  private let context: OpaquePointer
  private let limits: UnpackingLimits
  /// The current frame.
  private var frame: ZstdFrame?
  /// The bytes of it that are decoded.
  private var frameSize: UInt64 = 0
  private(set) var position = 0
  let decodesInPlace: Bool

  /// The input of one call, so that progress can be reported.
  private static let pieceSize = 512 << 10

  init(
    _ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits
  ) throws(CompressionError) {
    guard let context = unsafe ZSTD_createDCtx() else {
      throw .noMemory(needed: Int(ZSTD_DStreamInSize()))
    }
    let logLimit = CInt(ZstdFrame.windowLimit.trailingZeroBitCount)
    unsafe ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, logLimit)
    let keepsOutput = unsafe use == .whole && ZSTD_isError(czstd_keep_output(context)) == 0
    unsafe self.context = context
    self.limits = limits
    decodesInPlace = keepsOutput
  }

  deinit { unsafe ZSTD_freeDCtx(context) }

  /// The sum of the frames' sizes, if all state theirs.
  static func size(
    of stream: Span<UInt8>, _: CompressionFormat, _: UnpackingLimits
  ) throws(CompressionError) -> StreamSize {
    var offset = 0
    var size: UInt64 = 0
    while let frame = try ZstdFrame(at: offset, of: stream) {
      guard let content = frame.contentSize else { return .unknown }
      let (sum, overflows) = size.addingReportingOverflow(content)
      size = overflows ? .max : sum
      offset = try end(ofFrameAt: offset, of: stream)
    }
    return .exactly(size)
  }

  mutating func decode(
    _ stream: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState {
    if frame == nil {
      frame = try ZstdFrame(at: position, of: stream)
      try frame?.checkWindow(limits)
      frameSize = 0
    }
    guard let frame else { return .ended }
    let result = decodePiece(of: stream, into: &output)
    let code = ZSTD_getErrorCode(result)
    if code == ZSTD_error_dstSize_tooSmall && decodesInPlace { return .full }
    guard code == ZSTD_error_no_error else { throw failure(code) }

    if result == 0 {
      // libzstd does not compare the sizes of a frame that ends with an empty block.
      if let size = frame.contentSize, size != frameSize {
        throw .corrupt(
          .zstd, offset: position, reason: "a frame holds \(frameSize) bytes, but states \(size)")
      }
      self.frame = nil
    } else if position == stream.count && (output.free > 0 || decodesInPlace) {
      throw .truncated(.zstd)
    }
    return .more
  }

  /// Lends libzstd some of the input and all room.
  private mutating func decodePiece(of stream: Span<UInt8>, into output: inout Output) -> Int {
    var result = 0
    unsafe stream.withUnsafeBytes { bytes in
      let end = min(bytes.count, position + Self.pieceSize)
      var input = unsafe ZSTD_inBuffer(src: bytes.baseAddress, size: end, pos: position)
      output.fillWhole { room, count in
        var buffer = unsafe ZSTD_outBuffer(dst: room.baseAddress, size: room.count, pos: count)
        result = unsafe ZSTD_decompressStream(context, &buffer, &input)
        frameSize += unsafe UInt64(buffer.pos - count)
        count = unsafe buffer.pos
      }
      position = unsafe input.pos
    }
    return result
  }

  /// The end of a frame, by the headers of its blocks.
  private static func end(
    ofFrameAt offset: Int, of stream: Span<UInt8>
  ) throws(CompressionError) -> Int {
    let size = unsafe stream.extracting(offset...).withUnsafeBytes {
      unsafe ZSTD_findFrameCompressedSize($0.baseAddress, $0.count)
    }
    switch ZSTD_getErrorCode(size) {
    case ZSTD_error_no_error: return offset + size
    case ZSTD_error_srcSize_wrong: throw .truncated(.zstd)
    case let code: throw .corrupt(.zstd, offset: offset, reason: text(code))
    }
  }

  private func failure(_ code: ZSTD_ErrorCode) -> CompressionError {
    switch code {
    case ZSTD_error_memory_allocation:
      .noMemory(needed: ZstdFrame.windowLimit)
    case ZSTD_error_dictionary_wrong:
      .unsupported(.zstd, offset: position, feature: "a frame that needs a dictionary")
    default: .corrupt(.zstd, offset: position, reason: Self.text(code))
    }
  }

  private static func text(_ code: ZSTD_ErrorCode) -> String {
    unsafe String(cString: ZSTD_getErrorString(code))
  }
}
