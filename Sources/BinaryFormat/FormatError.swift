// SPDX-License-Identifier: Apache-2.0

/// Why a file is not in its format; offsets are bytes from its start.
public enum FormatError: Error, Hashable, Sendable {
  /// The file ends before a field of `size` bytes.
  case truncated(offset: Int, size: Int)
  /// The bytes are not the magic number of the format.
  case badMagic(offset: Int)
  /// The field has a value that the format does not allow.
  case badValue(offset: Int, value: UInt64)
  /// The format allows the value, but this package does not handle it.
  case unsupported(offset: Int, value: UInt64)
  /// The format cannot count that many of something.
  case tooMany(String, count: Int, limit: Int)
}

extension FormatError: CustomStringConvertible {
  /// One line: the offset, what was found there, and the rule.
  public var description: String {
    switch self {
    case .truncated(let offset, let size):
      "offset \(hex(offset)): the file ends inside a field of \(size) bytes"
    case .badMagic(let offset):
      "offset \(hex(offset)): not the magic number of this format"
    case .badValue(let offset, let value):
      "offset \(hex(offset)): the format does not allow the value \(hex(value))"
    case .unsupported(let offset, let value):
      "offset \(hex(offset)): the value \(hex(value)) is not handled"
    case .tooMany(let what, let count, let limit):
      "\(count) \(what); the format counts up to \(limit)"
    }
  }
}
