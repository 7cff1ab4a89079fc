// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The bytes of a property, and the readings that the Devicetree Specification (section 2.2.4) has
/// for them. A blob does not say which one is meant; a reading that does not fit is nil.
public struct PropertyValue: Hashable, Sendable {
  /// The bytes, as stored: integers big-endian, strings with their NUL.
  public var bytes: [UInt8]

  /// A value with the given bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }
}

extension PropertyValue {
  /// No bytes: the property says something by being there.
  public static let empty = PropertyValue(bytes: [])

  /// A string and its NUL.
  public static func string(_ value: String) -> PropertyValue { .strings([value]) }

  /// Strings, each with its NUL.
  public static func strings(_ values: [String]) -> PropertyValue {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.reduce(0) { $0 + $1.utf8.count + 1 })
    for value in values {
      bytes.append(contentsOf: value.utf8)
      bytes.append(0)
    }
    return PropertyValue(bytes: bytes)
  }

  /// One 32-bit cell.
  public static func u32(_ value: UInt32) -> PropertyValue { .cells([value]) }

  /// Two cells, the high one first.
  public static func u64(_ value: UInt64) -> PropertyValue {
    var bytes: [UInt8] = []
    bytes.append(bigEndian: value)
    return PropertyValue(bytes: bytes)
  }

  /// 32-bit cells.
  public static func cells(_ values: [UInt32]) -> PropertyValue {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * 4)
    for value in values { bytes.append(bigEndian: value) }
    return PropertyValue(bytes: bytes)
  }
}
