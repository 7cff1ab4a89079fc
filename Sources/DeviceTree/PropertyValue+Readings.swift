// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

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
}
