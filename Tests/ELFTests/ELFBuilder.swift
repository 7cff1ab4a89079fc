// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import ELF
import TestSupport

/// Builds core files in either byte order, and some that are none.
struct ELFBuilder {
  var order: ByteOrder = .little
  var machine = Machine.arm64
  var fileClass: UInt8 = 2
  var entrySize: UInt16 = 56
  /// The program headers, and what each has in the file.
  var segments: [(type: UInt32, bytes: [UInt8])] = []

  /// The file: header, program headers, segments one after the other.
  var bytes: [UInt8] {
    var elf = KernelBuilder.ELF()
    (elf.isBigEndian, elf.type, elf.machine) = (order == .big, 4, machine.rawValue)
    (elf.entry, elf.flags) = (0, 0)
    elf.segments = segments.enumerated().map { index, segment in
      .init(
        type: segment.type, virtual: 0xffff_8000_0000_0000 + UInt64(index),
        physical: 0x4000_0000 + UInt64(index), memorySize: UInt64(segment.bytes.count + 1),
        alignment: 0, bytes: segment.bytes)
    }
    var file = elf.bytes
    file[4] = fileClass
    file.replaceSubrange(54..<56, with: integer(entrySize))
    return file
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
