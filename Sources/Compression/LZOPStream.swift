// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// A file of lzop, decoded by `LZODecoder`; all checksums that it has are verified.
struct LZOPStream: StreamDecoder, ~Copyable {
  private let fillsUp: Bool
  private var header: LZOPHeader?
  private(set) var position = 0
  let decodesInPlace = true

  init(_ format: CompressionFormat, for use: DecoderUse, _ limits: UnpackingLimits) {
    fillsUp = use == .start
  }

  /// The sum of the blocks' sizes.
  static func size(
    of stream: Span<UInt8>, _: CompressionFormat, _: UnpackingLimits
  ) throws(CompressionError) -> StreamSize {
    let header = try LZOPHeader(stream)
    var offset = header.size
    var size = 0
    while let block = try LZOPBlock(at: offset, of: stream, header.checksums) {
      size += block.contentSize
      offset = block.data.upperBound
    }
    return .exactly(UInt64(size))
  }

  mutating func decode(
    _ stream: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> DecodingState {
    let header = try readHeader(of: stream)
    guard let block = try LZOPBlock(at: position, of: stream, header.checksums) else {
      position += 4
      return .ended
    }
    let data = stream.extracting(block.data)
    try block.verifyCompressed(data)
    guard fillsUp || block.contentSize <= output.free else { return .full }

    let isWhole = try decode(block, data, into: &output)
    position = block.data.upperBound
    return isWhole ? .more : .full
  }

  private mutating func readHeader(of stream: Span<UInt8>) throws(CompressionError) -> LZOPHeader {
    if let header { return header }
    let new = try LZOPHeader(stream)
    header = new
    position = new.size
    return new
  }

  /// Decodes a block; false when there is room only for its start.
  private func decode(
    _ block: LZOPBlock, _ data: Span<UInt8>, into output: inout Output
  ) throws(CompressionError) -> Bool {
    var result: Result<Bool, CompressionError> = .success(false)
    output.fill(atMost: block.contentSize) { room in
      var written = 0
      do throws(CompressionError) {
        written = try unsafe block.decode(data, into: room)
        let isWhole = written == block.contentSize
        let content = unsafe UnsafeBufferPointer(rebasing: room[..<written])
        if isWhole { try block.verifyContent(unsafe Span(_unsafeElements: content)) }
        result = .success(isWhole)
      } catch {
        result = .failure(error)
      }
      return written
    }
    return try result.get()
  }
}

extension LZOPBlock {
  /// Decodes the block into a room of its size, or a smaller one for its start.
  @unsafe fileprivate func decode(
    _ data: Span<UInt8>, into room: UnsafeMutableBufferPointer<UInt8>
  ) throws(CompressionError) -> Int {
    guard !room.isEmpty else { return 0 }
    return try unsafe data.withUnsafeBufferPointer { data throws(CompressionError) in
      guard isCompressed else {
        return unsafe room.update(fromContentsOf: data.prefix(room.count))
      }
      var decoder = unsafe LZODecoder(data, into: room)
      do throws(LZOFault) {
        try decoder.decode()
        guard decoder.written == contentSize else { throw .endsEarly }
      } catch {
        guard error == .full, room.count < contentSize else { throw self.error(error) }
      }
      return decoder.written
    }
  }

  /// The place of a fault.
  private func error(_ fault: LZOFault) -> CompressionError {
    let reason =
      switch fault {
      case .endsEarly: "the block ends before its \(contentSize) bytes do"
      case .endsLate: "the block goes on behind its end"
      case .full: "the block holds more than its \(contentSize) bytes"
      case .distance(let distance): "a match starts \(distance) bytes back, before the block does"
      case .version(let version): "LZO bitstream version \(version)"
      }
    if case .version = fault {
      return .unsupported(.lzop, offset: data.lowerBound, feature: reason)
    }
    return .corrupt(.lzop, offset: data.lowerBound, reason: reason)
  }
}
