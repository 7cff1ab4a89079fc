// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import PhysicalMemory

/// Walks over a buffer of IMA's measurements as the next kernel does, from entry to entry; what is in the
/// entries is not looked at.
///
/// Source: `security/integrity/ima/ima_template.c:ima_restore_measurement_list`.
struct MeasurementBufferCheck {
  static let rule = Rule.linux(
    "security/integrity/ima/ima_template.c", "ima_restore_measurement_list")

  /// What is wrong with it; nil when the kernel restores all that its header tells of.
  let problem: String?

  /// - Parameters:
  ///   - content: the buffer, as far as it was read.
  ///   - order: of the kernel that reads it: a big-endian one reads either, as it was told to
  ///     (`ima_canonical_fmt`); nil when that is not known.
  init(_ content: LoadContent, _ order: ByteOrder?) {
    do throws(FormatError) {
      problem = try Self.problem(of: content, order)
    } catch {
      problem = "it ends in an entry"
    }
  }

  /// Bytes in the header: version, nothing, size with the header, number of entries.
  private static let headerSize = 24

  private static func problem(
    of content: LoadContent, _ order: ByteOrder?
  ) throws(FormatError) -> String? {
    let bytes = content.start.span
    guard bytes.count >= headerSize else {
      return "\(content.size) bytes, and its header has \(headerSize)"
    }
    let first = try bytes.integer(UInt8.self, at: 0, .little)
    let found: ByteOrder = first == 0 ? .big : .little
    let version = try bytes.integer(UInt16.self, at: 0, found)
    guard version == 1 else { return "version \(version), and kernels read version 1" }
    guard order != .little || found == .little else {
      return "in big-endian order, for a little-endian kernel"
    }
    let size = try bytes.integer(UInt64.self, at: 8, found)
    let count = try bytes.integer(UInt64.self, at: 16, found)
    guard size >= UInt64(headerSize), size <= UInt64(content.size) else {
      return "its header tells of \(size) bytes, and it has \(content.size)"
    }
    return try entries(count, upTo: Int(size), bytes, found)
  }

  /// An entry has PCR, digest, name and data, the last two behind their lengths.
  private static func entries(
    _ count: UInt64, upTo end: Int, _ bytes: Span<UInt8>, _ order: ByteOrder
  ) throws(FormatError) -> String? {
    var (offset, number) = (headerSize, 0 as UInt64)
    while number < count, offset < end {
      for fixed in [4 + 20, 0] {
        // Of a file that was not read whole, the rest is believed.
        guard offset + fixed + 4 <= bytes.count || end <= bytes.count else { return nil }
        let length = try bytes.integer(UInt32.self, at: offset + fixed, order)
        offset += fixed + 4 + Int(length)
        guard offset <= end else { return "its entry \(number) ends behind its \(end) bytes" }
      }
      number += 1
    }
    guard number == count, offset == end else {
      return "its header tells of \(count) entries in \(end) bytes; \(number) end at \(offset)"
    }
    return nil
  }

  /// Bytes of memory for a list, as kernels count them: half a page more, in whole pages
  /// (`ima_kexec.c:ima_add_kexec_buffer`, with the default of `CONFIG_IMA_KEXEC_EXTRA_MEMORY_KB`). In
  /// user space nothing is added to it later.
  static func memorySize(of size: Int, _ pageSize: UInt64) -> UInt64 {
    (UInt64(size) + pageSize / 2).roundedUp(to: pageSize) ?? .max
  }
}
