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

// MARK: - Writing

extension PropertyValue {
  /// No bytes: the property says something by being there.
  public static let empty = PropertyValue(bytes: [])

  /// A string and its NUL.
  public static func string(_ value: String) -> PropertyValue { .strings([value]) }

  /// Strings, each with its NUL.
  public static func strings(_ values: [String]) -> PropertyValue {
    PropertyValue(bytes: values.flatMap { Array($0.utf8) + [0] })
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

// MARK: - Reading

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
    guard let strings, strings.count == 1 else { return nil }
    return strings.first
  }

  /// The strings, each ended by a NUL; nil when the last one is not ended, or there is none.
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

  /// Address and size pairs, as in `reg`.
  ///
  /// `cells` are the ones in force at this property: for `reg`, those of the parent node; for the
  /// properties of `/chosen`, those of the root. Nil when the length is no multiple of a pair.
  public func tuples(_ cells: CellCounts) -> [AddressAndSize]? {
    guard bytes.count % cells.tupleSize == 0 else { return nil }
    let span = bytes.span
    return stride(from: 0, to: bytes.count, by: cells.tupleSize).map { offset in
      AddressAndSize(
        address: span.number(at: offset, cells: cells.address),
        size: span.number(at: offset + cells.address * 4, cells: cells.size))
    }
  }
}

extension Span<UInt8> {
  /// One or two cells that are known to be there.
  fileprivate func number(at offset: Int, cells: Int) -> UInt64 {
    (0..<cells).reduce(0) { number, index in
      number << 32 | UInt64((try? bigEndian(UInt32.self, at: offset + index * 4)) ?? 0)
    }
  }
}

/// How many 32-bit cells an address and a size take: `#address-cells` and `#size-cells`.
public struct CellCounts: Hashable, Sendable {
  /// Cells of an address: 1 or 2.
  public let address: Int
  /// Cells of a size: 1 or 2.
  public let size: Int
  /// Bytes of an address and a size together.
  public var tupleSize: Int { (address + size) * 4 }

  /// Cell counts; nil unless both are 1 or 2, all that libfdt and Linux's early boot code handle.
  public init?(address: Int, size: Int) {
    guard 1...2 ~= address, 1...2 ~= size else { return nil }
    self.address = address
    self.size = size
  }
}

/// An address and a size as a tree stores them: either may be 0, and the sum may wrap.
public struct AddressAndSize: Hashable, Sendable {
  /// The first byte.
  public var address: UInt64
  /// The number of bytes.
  public var size: UInt64

  /// A pair, of any values.
  public init(address: UInt64, size: UInt64) {
    self.address = address
    self.size = size
  }
}
