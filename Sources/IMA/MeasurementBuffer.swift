// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The IMA buffer, in which a kernel finds the measurements of the one before it, version 1.
///
/// A header of 24 bytes (`struct ima_kexec_hdr` in Linux 7.2 `security/integrity/ima/ima.h`) and the
/// list: `u16` version, `u16` and `u32` of zeros, `u64` bytes of header and list, `u64` measurements.
/// All of it is in the byte order that the next kernel reads: its own, or little-endian on a big-endian
/// one that is booted with `ima_canonical_fmt`.
///
/// It is handed over in a page-aligned segment of ``segmentSize(pageSize:extra:)`` bytes, the address of
/// which is in `/chosen/linux,ima-kexec-buffer`. The next kernel reads it, then frees exactly that range.
///
/// A buffer from user space is a snapshot, while the kernel's own one has all measurements until the
/// reboot. Measurements after the snapshot are in the TPM's PCR and not in the list, so that the two no
/// longer match.
public struct MeasurementBuffer: Hashable, Sendable {
  /// Bytes in the header.
  public static let headerSize = 24
  /// The version of the header.
  public static let version: UInt16 = 1

  /// The measurements.
  public let list: MeasurementList

  /// A buffer for a next kernel of this byte order.
  ///
  /// - Throws: ``MeasurementError/Problem/otherByteOrder(_:)`` for a list in the other byte order, and
  ///   ``MeasurementError/Problem/legacyTemplate`` for one that no kernel restores completely.
  public init(_ list: MeasurementList, for byteOrder: ByteOrder) throws(MeasurementError) {
    guard list.byteOrder == byteOrder else {
      throw MeasurementError(offset: 0, number: nil, problem: .otherByteOrder(list.byteOrder))
    }
    if let index = list.entries.firstIndex(where: \.template.isLegacy) {
      let before = list.entries[..<index].reduce(0) { $0 + $1.bytes.count }
      throw MeasurementError(offset: before, number: index + 1, problem: .legacyTemplate)
    }
    self.list = list
  }

  /// The buffer: header and list.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(Self.version, list.byteOrder)
    bytes += [UInt8](repeating: 0, count: 6)
    bytes.append(UInt64(size), list.byteOrder)
    bytes.append(UInt64(list.entries.count), list.byteOrder)
    return bytes + list.bytes
  }

  /// Bytes in the buffer.
  public var size: Int { Self.headerSize + list.size }

  /// Bytes of the segment that holds the buffer, as a kernel reserves them: buffer and `extra`, in whole
  /// pages (`ima_kexec.c:ima_add_kexec_buffer`). Nil beyond 64 bits.
  ///
  /// - Parameters:
  ///   - pageSize: a power of two.
  ///   - extra: bytes for later measurements (`CONFIG_IMA_KEXEC_EXTRA_MEMORY_KB`), half a page by default;
  ///     zeros in a snapshot.
  public func segmentSize(pageSize: UInt64, extra: UInt64? = nil) -> UInt64? {
    Self.segmentSize(of: size, pageSize: pageSize, extra: extra)
  }

  /// The same for a buffer of `size` bytes.
  public static func segmentSize(of size: Int, pageSize: UInt64, extra: UInt64? = nil) -> UInt64? {
    precondition(pageSize.nonzeroBitCount == 1, "a page's size is a power of two")
    let (sum, overflow) = UInt64(size).addingReportingOverflow(extra ?? pageSize / 2)
    let (padded, wraps) = sum.addingReportingOverflow(pageSize - 1)
    return overflow || wraps ? nil : padded & ~(pageSize - 1)
  }

  /// The byte order of a buffer of any version, by its header; nil for bytes that begin no buffer.
  ///
  /// A list whose first measurement is a violation may begin like a header, but with zeros in the rest of
  /// it.
  public static func byteOrder(of bytes: Span<UInt8>) -> ByteOrder? {
    guard bytes.count >= headerSize, !(8..<headerSize).allSatisfy({ bytes[$0] == 0 }),
      (2..<8).allSatisfy({ bytes[$0] == 0 })
    else { return nil }
    switch (bytes[0], bytes[1]) {
    case (1..., 0): return .little
    case (0, 1...): return .big
    default: return nil
    }
  }
}
