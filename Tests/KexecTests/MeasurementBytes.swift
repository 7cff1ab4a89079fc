// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// IMA's measurements as kernels hand them on, byte by byte as `security/integrity/ima/ima_kexec.c` and
/// `ima_fs.c:ima_measurements_show` lay them out.
enum MeasurementBytes {
  /// A buffer of a measurement for each file, whose name has so many bytes.
  static func buffer(of sizes: [Int], _ order: ByteOrder = .little) -> [UInt8] {
    let entries = sizes.flatMap { entry(nameSize: $0, order) }
    return header(size: 24 + entries.count, count: sizes.count, order) + entries
  }

  /// Version 1, 6 bytes of nothing, all bytes with the header, entries.
  static func header(size: Int, count: Int, _ order: ByteOrder = .little) -> [UInt8] {
    number(1, 2, order) + [0, 0, 0, 0, 0, 0] + number(size, 8, order) + number(count, 8, order)
  }

  /// Bytes in an entry of a file without a name.
  static let entrySize = 4 + 20 + 4 + 6 + 4 + 4 + 26 + 4 + 1

  /// PCR 10, a digest, template `ima-ng` and its data: the file's digest and its name up to a NUL.
  static func entry(
    nameSize: Int, template: String = "ima-ng", _ order: ByteOrder = .little
  ) -> [UInt8] {
    let digest = Array("sha1:\0".utf8) + [UInt8](repeating: 0xda, count: 20)
    let name = [UInt8](repeating: 0x61, count: nameSize) + [0]
    let data = counted(digest, order) + counted(name, order)
    return number(10, 4, order) + [UInt8](repeating: 0xd1, count: 20)
      + counted(Array(template.utf8), order) + counted(data, order)
  }

  private static func counted(_ bytes: [UInt8], _ order: ByteOrder) -> [UInt8] {
    number(bytes.count, 4, order) + bytes
  }

  private static func number(_ value: Int, _ size: Int, _ order: ByteOrder) -> [UInt8] {
    let bytes = (0..<size).map { UInt8(value >> (8 * $0) & 0xff) }
    return order == .little ? bytes : bytes.reversed()
  }
}
