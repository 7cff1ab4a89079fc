// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF

/// Builds ELF files by the System V ABI, chapters 4 and 5, in either byte order.
struct ELFBuilder {
  var order: ByteOrder = .little
  var machine: UInt16 = 183
  var fileClass: UInt8 = 2
  var entrySize: UInt16 = 56
  /// The program headers, and what each has in the file.
  var segments: [(type: UInt32, bytes: [UInt8])] = []

  /// The file: header, program headers, segments one after the other.
  var bytes: [UInt8] {
    var file: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, fileClass, order == .little ? 1 : 2, 1]
    file += Array(repeating: 0, count: 9)
    file += integer(UInt16(4)) + integer(machine) + integer(UInt32(1))
    file += integer(UInt64(0)) + integer(UInt64(64)) + integer(UInt64(0))
    file += integer(UInt32(0)) + integer(UInt16(64)) + integer(entrySize)
    file += integer(UInt16(segments.count)) + Array(repeating: 0, count: 6)
    var offset = 64 + 56 * segments.count
    for (index, segment) in segments.enumerated() {
      file += integer(segment.type) + integer(UInt32(7)) + integer(UInt64(offset))
      file += integer(UInt64(0xffff_8000_0000_0000) + UInt64(index))
      file += integer(UInt64(0x4000_0000) + UInt64(index))
      file += integer(UInt64(segment.bytes.count)) + integer(UInt64(segment.bytes.count + 1))
      file += integer(UInt64(0))
      offset += segment.bytes.count
    }
    return file + segments.flatMap(\.bytes)
  }

  /// A note: sizes, type, name with its NUL, bytes; both padded to 4.
  func note(_ name: String, _ type: UInt32, _ descriptor: [UInt8]) -> [UInt8] {
    let name = Array(name.utf8) + [0]
    let sizes = integer(UInt32(name.count)) + integer(UInt32(descriptor.count)) + integer(type)
    return sizes + padded(name) + padded(descriptor)
  }

  /// An integer in the file's byte order.
  func integer<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: value)
    return order == .big ? bytes : bytes.reversed()
  }

  private func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + Array(repeating: 0, count: (4 - bytes.count % 4) % 4)
  }
}
