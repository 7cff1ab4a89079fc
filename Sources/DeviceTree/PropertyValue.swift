// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

/// The bytes of a property, with the types of the Devicetree Specification (section 2.2.4). A blob does not
/// state which type is meant; one that does not fit is nil.
public struct PropertyValue: Hashable, Sendable {
  /// The bytes, as stored: integers big-endian, strings with their NUL.
  public var bytes: [UInt8]

  /// A value with the given bytes.
  public init(bytes: [UInt8]) { self.bytes = bytes }
}

extension PropertyValue {
  /// No bytes.
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
    .cells([UInt32(value >> 32), UInt32(truncatingIfNeeded: value)])
  }

  /// 32-bit cells.
  public static func cells(_ values: [UInt32]) -> PropertyValue {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(values.count * 4)
    for value in values { bytes.append(bigEndian: value) }
    return PropertyValue(bytes: bytes)
  }
}

extension PropertyValue {
  /// The value of one cell; nil unless there are exactly 4 bytes.
  public var u32: UInt32? {
    bytes.count == 4 ? try? bytes.span.bigEndian(at: 0) : nil
  }

  /// The value of two cells; nil unless there are exactly 8 bytes.
  public var u64: UInt64? {
    bytes.count == 8 ? try? bytes.span.bigEndian(at: 0) : nil
  }

  /// The value of one or two cells, as Linux `of_read_number` reads them; nil for other lengths.
  public var number: UInt64? {
    u64 ?? u32.map(UInt64.init)
  }

  /// The 32-bit cells; nil when the length is not a multiple of 4.
  public var cells: [UInt32]? {
    guard bytes.count % 4 == 0 else { return nil }
    let span = bytes.span
    return stride(from: 0, to: bytes.count, by: 4).compactMap { try? span.bigEndian(at: $0) }
  }

  /// The one string; nil unless the only NUL is the last byte.
  public var string: String? {
    strings.flatMap { $0.count == 1 ? $0[0] : nil }
  }

  /// The strings, each with a NUL at its end; nil when the last one has none, or there is none.
  public var strings: [String]? {
    guard bytes.last == 0 else { return nil }
    return bytes.dropLast().split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// The phandle of a node, or a reference to one; nil unless it is 4 bytes and legal.
  public var phandle: UInt32? {
    u32.flatMap { $0 == 0 || $0 == .max ? nil : $0 }
  }
}

/// A property: its name and its bytes.
public struct Property: Hashable, Sendable {
  /// The name, at most 31 characters by specification; longer ones are allowed here.
  public var name: String
  /// The bytes.
  public var value: PropertyValue

  /// A property of this name and value.
  public init(_ name: String, _ value: PropertyValue) {
    self.name = name
    self.value = value
  }
}

extension Property {
  /// Whether it has this name; most others have another length, and comparing lengths is cheap.
  @inlinable
  package func isNamed(_ name: String) -> Bool {
    self.name.utf8.count == name.utf8.count && self.name == name
  }

  /// Whether the bytes must not be shown; a zeroed seed is no secret.
  package func isHidden(by secrets: Set<String>) -> Bool {
    secrets.contains(name) && value.bytes.contains { $0 != 0 }
  }

  /// Whether it gives its node a phandle.
  package var isPhandle: Bool { Self.phandles.contains(name) }

  /// The names of properties with the phandle of their own node.
  static let phandles: Set = ["phandle", "linux,phandle", "ibm,phandle"]

  /// Whether a binding known here defines it as a reference to other nodes.
  package var isReference: Bool { ReferenceLayout(property: name) != nil }
}
