// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat

/// The header of a buffer, which a kernel reads before the list.
package struct MeasurementHeader {
  /// Bytes of header and list.
  package let size: Int
  /// How many measurements there are.
  package let count: UInt64

  /// Reads the header of a buffer.
  ///
  /// - Parameters:
  ///   - bytes: the first bytes of what was handed over, or all of them.
  ///   - order: of the bytes in its numbers.
  ///   - segmentSize: how many bytes were handed over.
  /// - Throws: ``MeasurementError``, as ``RestoredMeasurements`` does for what is no buffer.
  package init(
    _ bytes: Span<UInt8>, _ order: ByteOrder, of segmentSize: Int
  ) throws(MeasurementError) {
    let version: UInt16
    let size: UInt64
    do throws(FormatError) {
      version = try bytes.integer(at: 0, order)
      size = try bytes.integer(at: 8, order)
      count = try bytes.integer(at: 16, order)
    } catch {
      throw MeasurementError(
        offset: 0, number: nil,
        problem: .endsInside(
          .header, size: UInt64(MeasurementBuffer.headerSize), left: bytes.count))
    }
    guard version == MeasurementBuffer.version else {
      throw MeasurementError(offset: 0, number: nil, problem: .version(version))
    }
    guard size >= MeasurementBuffer.headerSize, size <= segmentSize else {
      throw MeasurementError(
        offset: 8, number: nil, problem: .bufferSize(size, of: segmentSize))
    }
    guard count < .max else {
      throw MeasurementError(offset: 16, number: nil, problem: .count(count))
    }
    self.size = Int(size)
  }
}
