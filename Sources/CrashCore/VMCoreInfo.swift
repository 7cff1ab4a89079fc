// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import ELF

/// The lines `KEY=VALUE` of the vmcoreinfo note, by which tools read a dump.
///
/// Source: `kernel/vmcore_info.c`. `SYMBOL(_stext)` and `KERNELOFFSET` are hexadecimal without `0x`,
/// `NUMBER(…)` is decimal with a sign or hexadecimal with `0x`.
public struct VMCoreInfo: Hashable, Sendable {
  /// The values as written, by key; the first one of a repeated key.
  public let values: [String: String]

  /// Reads the lines; skips those without `=`.
  public init(_ text: String) {
    // By bytes: the character "\r\n" would hide the end of a line.
    values = text.utf8.split(separator: UInt8(ascii: "\n")).reduce(into: [:]) { values, line in
      guard let sign = line.firstIndex(of: UInt8(ascii: "=")) else { return }
      let key = String(decoding: line[..<sign], as: UTF8.self)
      guard values[key] == nil else { return }
      values[key] = String(decoding: line[line.index(after: sign)...], as: UTF8.self)
    }
  }

  /// The lines of the note `VMCOREINFO`; nil without one.
  public init?(in notes: [ELFNote]) {
    guard let note = notes.first(where: { $0.name == "VMCOREINFO" }) else { return nil }
    self.init(String(decoding: note.descriptor.prefix { $0 != 0 }, as: UTF8.self))
  }

  /// A value as written.
  public subscript(key: String) -> String? { values[key] }

  /// `NUMBER(name)`, taken modulo 2^64: arm64 has negative physical offsets.
  public func number(_ name: String) -> UInt64? {
    guard let text = values["NUMBER(\(name))"] else { return nil }
    return text.prefixedHexadecimal ?? UInt64(text) ?? Int64(text).map { UInt64(bitPattern: $0) }
  }

  /// `SYMBOL(name)`: an address.
  public func symbol(_ name: String) -> UInt64? {
    values["SYMBOL(\(name))"]?.hexadecimal
  }

  /// The distance between link address and load address: `KERNELOFFSET`.
  public var kernelOffset: UInt64? { values["KERNELOFFSET"]?.hexadecimal }

  /// Bytes in a page: `PAGESIZE`, a power of two.
  public var pageSize: UInt64? {
    values["PAGESIZE"].flatMap { UInt64($0) }.flatMap { $0.nonzeroBitCount == 1 ? $0 : nil }
  }
}
