// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// What the next kernel finds in a buffer, by its own rules.
///
/// Source: Linux 7.2 `security/integrity/ima/ima_template.c:ima_restore_measurement_list`. It takes one
/// measurement after the other and keeps those before the first bad one. It is content when the buffer
/// ends before its count of measurements; but nothing may be behind the last one that is counted.
public struct RestoredMeasurements: Hashable, Sendable {
  /// The order of the bytes in all its numbers.
  public let byteOrder: ByteOrder
  /// Bytes of header and list, as the header says.
  public let size: Int
  /// How many measurements there are, as the header says.
  public let count: UInt64
  /// The measurements that are restored.
  public let entries: [MeasurementEntry]
  /// Why those after them are not; nil when the kernel has nothing to complain about.
  public let problem: MeasurementError?

  /// Reads a buffer.
  ///
  /// A register may have any number here. A kernel takes a template's name up to a NUL, and an empty one
  /// if it is booted with `ima_template_fmt`; here both end the list: no kernel writes them.
  ///
  /// - Parameters:
  ///   - segment: all that was handed over; the buffer may be shorter.
  ///   - byteOrder: the one that the kernel reads; nil for the one that the first bytes tell.
  /// - Throws: ``MeasurementError`` for what is no buffer: one that ends within its header, another
  ///   version, a size that is not between the header's and the segment's (a kernel does not look at
  ///   that end: it reads what is behind the segment), or a count that no 64-bit kernel takes.
  public init(
    _ segment: Span<UInt8>, _ byteOrder: ByteOrder? = nil
  ) throws(MeasurementError) {
    let order = byteOrder ?? MeasurementBuffer.byteOrder(of: segment) ?? .little
    let header = try MeasurementHeader(segment, order, of: segment.count)
    self.byteOrder = order
    size = header.size
    count = header.count
    let bytes = unsafe segment.extracting(0..<header.size).withUnsafeBytes { unsafe [UInt8]($0) }
    var reader = MeasurementReader(byteOrder: order, offset: MeasurementBuffer.headerSize)
    var entries: [MeasurementEntry] = []
    var problem: MeasurementError?
    do throws(MeasurementError) {
      while reader.offset < bytes.count, entries.count < header.count {
        let isLast = UInt64(entries.count) + 1 == header.count
        entries.append(try reader.restored(from: bytes, lastOf: isLast ? header.count : nil))
      }
    } catch {
      problem = error
    }
    self.entries = entries
    self.problem = problem
  }
}

extension MeasurementReader {
  /// The next one, if it is one that a kernel restores; `count` for the last of so many, which must end
  /// the buffer.
  fileprivate mutating func restored(
    from bytes: [UInt8], lastOf count: UInt64?
  ) throws(MeasurementError) -> MeasurementEntry {
    let (start, number) = (offset, number)
    let entry = try next(in: bytes)
    guard !entry.template.isLegacy else {
      throw MeasurementError(offset: start, number: number, problem: .legacyTemplate)
    }
    if let count, offset < bytes.count {
      throw MeasurementError(
        offset: offset, number: number,
        problem: .behindList(count: count, left: bytes.count - offset))
    }
    return entry
  }
}
