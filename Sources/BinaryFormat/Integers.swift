// SPDX-License-Identifier: Apache-2.0

// Offsets and sizes have 32 or 64 bits in the formats and are `Int` here: `Int(_:)` of a `UInt32`, and a
// sum of two of them, must not trap.
#if !_pointerBitWidth(_64)
  #error("dtfix is built for 64-bit hosts only; it writes files for machines of any width")
#endif

/// The order in which a format stores the bytes of an integer.
public enum ByteOrder: Hashable, Sendable {
  /// Least significant byte first.
  case little
  /// Most significant byte first.
  case big
}

extension Span<UInt8> {
  /// Reads an integer in the given byte order, at any alignment.
  ///
  /// - Throws: ``FormatError/truncated(offset:size:)`` when the span ends before the integer does.
  @inlinable
  package func integer<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int, _ order: ByteOrder
  ) throws(FormatError) -> Value {
    let size = Value.bitWidth / 8
    guard offset >= 0, count >= size, offset <= count - size else {
      throw .truncated(offset: offset, size: size)
    }
    let raw = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: Value.self)
    return order == .big ? Value(bigEndian: raw) : Value(littleEndian: raw)
  }

  /// Reads a big-endian integer, or throws when the span ends before it.
  @inlinable
  package func bigEndian<Value: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _ type: Value.Type = Value.self, at offset: Int
  ) throws(FormatError) -> Value {
    try integer(at: offset, .big)
  }

  /// Whether a big-endian magic number is at an offset.
  package func hasMagic(_ magic: UInt32, at offset: Int = 0) -> Bool {
    (try? bigEndian(at: offset)) == magic
  }
}

extension Array<UInt8> {
  /// Appends an integer in the given byte order.
  @inlinable
  package mutating func append<Value: FixedWidthInteger & BitwiseCopyable>(
    _ value: Value, _ order: ByteOrder
  ) {
    unsafe Swift.withUnsafeBytes(of: order == .big ? value.bigEndian : value.littleEndian) {
      unsafe append(contentsOf: $0)
    }
  }

  /// Appends an integer, most significant byte first.
  @inlinable
  package mutating func append<Value: FixedWidthInteger>(bigEndian value: Value) {
    for shift in stride(from: Value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }
}

extension Array<UInt8> {
  /// Appends a copy of the bytes.
  package mutating func append(_ span: Span<UInt8>) {
    unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }
}
