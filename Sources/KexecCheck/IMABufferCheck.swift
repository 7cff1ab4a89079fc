// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat
import IMA
package import KexecFacts

/// Restores a buffer of IMA's measurements as the next kernel does.
///
/// Source: `security/integrity/ima/ima_template.c:ima_restore_measurement_list`.
package struct IMABufferCheck {
  package static let rule = Rule.linux(
    "security/integrity/ima/ima_template.c", "ima_restore_measurement_list")

  /// What is wrong with it; nil when the kernel restores all measurements that its header counts.
  package let problem: String?

  /// - Parameters:
  ///   - content: the buffer; of one that was not read whole, only the header is checked.
  ///   - order: the kernel's; a big-endian one reads either (`ima_canonical_fmt`); nil if not known.
  package init(_ content: SegmentContent, _ order: ByteOrder?) {
    do throws(MeasurementError) {
      problem = try Self.problem(of: content, order)
    } catch {
      problem = error.description
    }
  }

  private static func problem(
    of content: SegmentContent, _ order: ByteOrder?
  ) throws(MeasurementError) -> String? {
    let bytes = content.start.span
    let found = MeasurementBuffer.byteOrder(of: bytes) ?? order ?? .little
    let header = try MeasurementHeader(bytes, found, of: content.size)
    guard order != .little || found == .little else {
      throw MeasurementError(offset: 0, number: nil, problem: .otherByteOrder(found))
    }
    guard bytes.count == content.size else { return nil }
    let restored = try RestoredMeasurements(bytes, found)
    if let problem = restored.problem { throw problem }
    let end = restored.entries.reduce(MeasurementBuffer.headerSize) { $0 + $1.bytes.count }
    // A kernel accepts fewer than the header counts, and a count of 0.
    guard UInt64(restored.entries.count) == header.count, end == header.size else {
      return "its header counts \(header.count) measurements in \(header.size) bytes; "
        + "\(restored.entries.count) end at \(end)"
    }
    return nil
  }
}
