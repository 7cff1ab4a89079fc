// SPDX-License-Identifier: Apache-2.0

/// A part of a kernel file, or of what was unpacked from it: bytes are not copied to name them.
public struct Piece: Sendable {
  /// The bytes that the range is of; nil for the file's own.
  private let unpacked: [UInt8]?
  /// Where it is in them.
  private let range: Range<Int>

  init(unpacked: [UInt8]? = nil, range: Range<Int>) {
    self.unpacked = unpacked
    self.range = range
  }

  /// Bytes in it.
  public var size: Int { range.count }

  /// Lends its bytes.
  ///
  /// - Parameters:
  ///   - file: the file that was opened.
  ///   - body: what they are lent to.
  public func withBytes<Value, Failure: Error>(
    of file: Span<UInt8>, _ body: (Span<UInt8>) throws(Failure) -> Value
  ) throws(Failure) -> Value {
    guard let unpacked else { return try body(file.extracting(range)) }
    return try body(unpacked.span.extracting(range))
  }

  /// Its bytes, copied.
  ///
  /// - Parameter file: the file that was opened.
  public func copy(of file: Span<UInt8>) -> [UInt8] {
    withBytes(of: file) { bytes in unsafe bytes.withUnsafeBytes { unsafe [UInt8]($0) } }
  }

  /// The part of it in a range that begins at its start.
  func part(_ part: Range<Int>) -> Piece {
    let start = range.lowerBound + part.lowerBound
    return Piece(unpacked: unpacked, range: start..<start + part.count)
  }
}
