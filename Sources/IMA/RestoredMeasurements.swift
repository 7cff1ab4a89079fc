// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The measurements that the next kernel restores from a buffer, by its own rules.
///
/// Source: Linux 7.2 `security/integrity/ima/ima_template.c:ima_restore_measurement_list`. It keeps the
/// measurements before the first bad one. A buffer may end before its count of measurements, but no bytes
/// may follow the last one that is counted.
public struct RestoredMeasurements: Hashable, Sendable {
  /// The byte order of its numbers.
  public let byteOrder: ByteOrder
  /// Bytes of header and list, as the header states.
  public let size: Int
  /// The number of measurements, as the header states.
  public let count: UInt64
  /// The measurements that are restored.
  public let entries: [MeasurementEntry]
  /// Why the others are not restored; nil without an error.
  public let problem: MeasurementError?

  /// Reads a buffer.
  ///
  /// Any PCR is allowed. A kernel takes a template's name up to a NUL, and an empty one if it is booted with
  /// `ima_template_fmt`; here both end the list, because no kernel writes them.
  ///
  /// - Parameters:
  ///   - segment: the whole segment; the buffer may be shorter.
  ///   - byteOrder: that of the kernel; nil for that of the first bytes.
  /// - Throws: ``MeasurementError`` for a truncated header, another version, a size that is less than the
  ///   header or more than the segment (which a kernel does not check), and a count that no 64-bit kernel
  ///   takes.
  public init(
    _ segment: Span<UInt8>, _ byteOrder: ByteOrder? = nil
  ) throws(MeasurementError) {
    let order = byteOrder ?? MeasurementBuffer.byteOrder(of: segment) ?? .little
    let header = try MeasurementHeader(segment, order, of: segment.count)
    self.byteOrder = order
    size = header.size
    count = header.count
    let bytes = segment.extracting(0..<header.size).array
    var reader = MeasurementReader(byteOrder: order, offset: MeasurementBuffer.headerSize)
    var entries: [MeasurementEntry] = []
    var problem: MeasurementError?
    do throws(MeasurementError) {
      while reader.offset < bytes.count, entries.count < header.count {
        let start = reader.offset
        let entry = try reader.next(in: bytes)
        let number = entries.count + 1
        guard !entry.template.isLegacy else {
          throw MeasurementError(offset: start, number: number, problem: .legacyTemplate)
        }
        guard number < header.count || reader.offset == bytes.count else {
          let left = bytes.count - reader.offset
          throw MeasurementError(
            offset: reader.offset, number: number,
            problem: .afterList(count: header.count, left: left))
        }
        entries.append(entry)
      }
    } catch {
      problem = error
    }
    self.entries = entries
    self.problem = problem
  }
}

/// The header of a buffer, which a kernel reads before the list.
package struct MeasurementHeader {
  /// Bytes of header and list.
  package let size: Int
  /// The number of measurements.
  package let count: UInt64

  /// Reads the header of a buffer.
  ///
  /// - Parameters:
  ///   - bytes: the first bytes of the segment, or all of them.
  ///   - order: the byte order of its numbers.
  ///   - segmentSize: the size of the segment.
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
          "the header", size: UInt64(MeasurementBuffer.headerSize), left: bytes.count))
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
