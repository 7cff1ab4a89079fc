// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// IMA's measurements as kernels hand them on, byte by byte as `security/integrity/ima/ima_kexec.c` and
/// `ima_fs.c:ima_measurements_show` lay them out.
enum MeasurementBytes {
  /// A buffer whose entries have so many bytes of data each.
  static func buffer(of sizes: [Int], _ order: ByteOrder = .little) -> [UInt8] {
    let entries = sizes.flatMap { entry(dataSize: $0, order) }
    return header(size: 24 + entries.count, count: sizes.count, order) + entries
  }

  /// Version 1, 6 bytes of nothing, all bytes with the header, entries.
  static func header(size: Int, count: Int, _ order: ByteOrder = .little) -> [UInt8] {
    number(1, 2, order) + [0, 0, 0, 0, 0, 0] + number(size, 8, order) + number(count, 8, order)
  }

  /// PCR 10, a digest, name and data.
  static func entry(dataSize: Int, _ order: ByteOrder = .little) -> [UInt8] {
    number(10, 4, order) + [UInt8](repeating: 0xd1, count: 20) + number(6, 4, order)
      + Array("ima-ng".utf8) + number(dataSize, 4, order)
      + [UInt8](repeating: 0xda, count: dataSize)
  }

  private static func number(_ value: Int, _ size: Int, _ order: ByteOrder) -> [UInt8] {
    let bytes = (0..<size).map { UInt8(value >> (8 * $0) & 0xff) }
    return order == .little ? bytes : bytes.reversed()
  }
}
