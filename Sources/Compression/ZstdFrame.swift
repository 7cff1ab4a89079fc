// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The header of a zstd frame: RFC 8878, sections 3.1.1.1 and 3.1.2.
struct ZstdFrame {
  /// Bytes of history that the decoder needs; 0 for a skippable frame.
  let windowSize: UInt64
  /// The unpacked size, if the frame states it.
  let contentSize: UInt64?

  /// The largest window that is accepted: the default of zstd's own program.
  static let windowLimit = 1 << 27

  /// Reads the header at an offset; nil when no frame starts there.
  init?(at offset: Int, of stream: Span<UInt8>) throws(CompressionError) {
    guard let magic = try? stream.integer(UInt32.self, at: offset, .little) else { return nil }
    if magic & ~0xf == 0x184d_2a50 {
      (windowSize, contentSize) = (0, 0)
      return
    }
    guard magic == 0xfd2f_b528 else { return nil }

    let descriptor: UInt8 = try Self.integer(at: offset + 4, of: stream)
    let isSingleSegment = descriptor & 1 << 5 != 0
    let windowDescriptor: UInt8 =
      isSingleSegment ? 0 : try Self.integer(at: offset + 5, of: stream)
    let dictionarySize = [0, 1, 2, 4][Int(descriptor & 3)]
    contentSize = try Self.contentSize(
      at: offset + (isSingleSegment ? 5 : 6) + dictionarySize, of: stream,
      flag: descriptor >> 6, isSingleSegment)
    let base = UInt64(1) << (10 + UInt64(windowDescriptor >> 3))
    let addition = base / 8 * UInt64(windowDescriptor & 7)
    windowSize = isSingleSegment ? contentSize ?? 0 : base + addition
  }

  /// Refuses a window that is too large.
  func checkWindow(_ limits: UnpackingLimits) throws(CompressionError) {
    let limit = min(limits.memory, Self.windowLimit)
    guard windowSize <= limit else {
      throw .needsMemory(needed: Int(clamping: windowSize), limit: limit)
    }
  }

  private static func contentSize(
    at offset: Int, of stream: Span<UInt8>, flag: UInt8, _ isSingleSegment: Bool
  ) throws(CompressionError) -> UInt64? {
    switch flag {
    case 0 where !isSingleSegment: nil
    case 0: UInt64(try integer(UInt8.self, at: offset, of: stream))
    case 1: UInt64(try integer(UInt16.self, at: offset, of: stream)) + 256
    case 2: UInt64(try integer(UInt32.self, at: offset, of: stream))
    default: try integer(UInt64.self, at: offset, of: stream)
    }
  }

  private static func integer<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int, of stream: Span<UInt8>
  ) throws(CompressionError) -> Value {
    try CompressionFormat.zstd.integer(type, at: offset, of: stream, .little)
  }
}
