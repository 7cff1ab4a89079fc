// SPDX-License-Identifier: Apache-2.0

public import BinaryFormat

/// The measurement list of Linux's Integrity Measurement Architecture (IMA),
/// `binary_runtime_measurements`, with SHA-1 template digests.
///
/// The file is in the byte order of its machine, or little-endian on a big-endian one that was booted
/// with `ima_canonical_fmt`. Lists with digests of other sizes (`binary_runtime_measurements_sha256`)
/// are another format, which no kernel hands over.
public struct MeasurementList: Hashable, Sendable {
  /// The byte order of its numbers.
  public let byteOrder: ByteOrder
  /// The measurements, oldest first.
  public let entries: [MeasurementEntry]

  /// The last PCR that a policy may name: `INVALID_PCR` in `ima_policy.c`, on a 64-bit kernel.
  public static let lastRegister: UInt32 = 63
  /// The most bytes of a file's name in the template `ima`: `IMA_EVENT_NAME_LEN_MAX`.
  public static let longestFileName = 255

  /// Reads a list in the given byte order; no bytes are an empty list.
  ///
  /// The rules are those of a kernel that restores a list: sizes, templates, fields
  /// (`ima_template.c:ima_restore_measurement_list`), and PCRs that a policy can name. The template `ima`,
  /// which is not restored, is allowed.
  public init(_ bytes: Span<UInt8>, _ byteOrder: ByteOrder) throws(MeasurementError) {
    let bytes = bytes.array
    var reader = MeasurementReader(byteOrder: byteOrder, offset: 0)
    var entries: [MeasurementEntry] = []
    while reader.offset < bytes.count {
      let (start, number) = (reader.offset, reader.number)
      let entry = try reader.next(in: bytes)
      guard entry.register <= Self.lastRegister else {
        throw MeasurementError(offset: start, number: number, problem: .register(entry.register))
      }
      entries.append(entry)
    }
    self.byteOrder = byteOrder
    self.entries = entries
  }

  /// Reads a list in the byte order of its first bytes.
  ///
  /// - Throws: also ``MeasurementError/Problem/noList`` where these show none, as in an empty list.
  public init(_ bytes: Span<UInt8>) throws(MeasurementError) {
    guard let byteOrder = Self.byteOrder(of: bytes) else {
      throw MeasurementError(offset: 0, number: nil, problem: .noList)
    }
    try self.init(bytes, byteOrder)
  }

  /// The byte order of a list by its first measurement; nil for bytes that begin no list.
  ///
  /// The size of the template's name decides: it is 1 to 68, which no four bytes are in both orders.
  public static func byteOrder(of bytes: Span<UInt8>) -> ByteOrder? {
    [ByteOrder.little, .big].first { order in
      guard let register = try? bytes.integer(UInt32.self, at: 0, order),
        let nameSize = try? bytes.integer(UInt32.self, at: 24, order)
      else { return false }
      return register <= lastRegister && 1...UInt32(MeasurementTemplate.longestName) ~= nameSize
    }
  }

  /// The list as a kernel writes it.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size)
    for entry in entries { bytes += entry.bytes }
    return bytes
  }

  /// Bytes in the list.
  public var size: Int { entries.reduce(0) { $0 + $1.bytes.count } }
}
