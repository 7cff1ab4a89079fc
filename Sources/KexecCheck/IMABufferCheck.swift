// SPDX-License-Identifier: Apache-2.0

package import BinaryFormat
import IMA
package import KexecFacts
import KexecRules

/// Restores a buffer of IMA's measurements as the next kernel does.
///
/// Source: `security/integrity/ima/ima_template.c:ima_restore_measurement_list`.
package struct IMABufferCheck {
  package static let rule = Rule.linux(
    "security/integrity/ima/ima_template.c", "ima_restore_measurement_list")

  /// What is wrong with it; nil when the kernel restores all that its header counts.
  package let problem: String?

  /// - Parameters:
  ///   - content: the buffer, as far as it was read. Of one that was not read whole, only the header is
  ///     looked at.
  ///   - order: of the kernel that reads it: a big-endian one reads either, by its command line
  ///     (`ima_canonical_fmt`); nil when that is not known.
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
    // A kernel is content with less than its header counts, and with a count of none.
    guard UInt64(restored.entries.count) == header.count, end == header.size else {
      return "its header tells of \(header.count) measurements in \(header.size) bytes; "
        + "\(restored.entries.count) end at \(end)"
    }
    return nil
  }
}
