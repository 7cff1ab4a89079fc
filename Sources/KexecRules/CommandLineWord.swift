// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import KexecFacts
package import PhysicalMemory

/// A word of a command line: `name`, or `name=value`.
package struct CommandLineWord {
  /// The word as it stands there.
  package let bytes: ArraySlice<UInt8>

  /// The word without the quotes around it, which are not a part of it.
  private var text: ArraySlice<UInt8> {
    let quote = UInt8(ascii: "\"")
    guard bytes.first == quote else { return bytes }
    let inner = bytes.dropFirst()
    return inner.last == quote ? inner.dropLast() : inner
  }

  /// What follows the name and its `=`; nil for a word of another name, and for one without `=`.
  package func value(of name: String) -> ArraySlice<UInt8>? {
    let start = Array("\(name)=".utf8)
    return text.starts(with: start) ? text.dropFirst(start.count) : nil
  }

  /// Whether it is a word without a value.
  package func isWord(_ name: String) -> Bool { text.elementsEqual(name.utf8) }

  /// `size@start`, as in `mem=` and `elfcorehdr=`; nil for anything else, and for a range that wraps.
  package static func sizeAndStart(_ value: ArraySlice<UInt8>) -> PhysicalRange? {
    numbers(value, UInt8(ascii: "@")).flatMap { PhysicalRange(start: $1, size: $0) }
  }

  /// `start,size`, as in `initrd=`; nil for anything else, and for a range that wraps.
  package static func startAndSize(_ value: ArraySlice<UInt8>) -> PhysicalRange? {
    numbers(value, UInt8(ascii: ",")).flatMap { PhysicalRange(start: $0, size: $1) }
  }

  private static func numbers(
    _ value: ArraySlice<UInt8>, _ separator: UInt8
  ) -> (UInt64, UInt64)? {
    let parts = value.split(separator: separator, omittingEmptySubsequences: false).map(number)
    guard parts.count == 2, let first = parts[0], let second = parts[1] else { return nil }
    return (first, second)
  }

  /// A number as `lib/cmdline.c:memparse` reads it: decimal, octal after 0, hexadecimal after 0x, and
  /// a letter that multiplies it; nil for anything else, which that would read a part of.
  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64? {
    var digits = Substring(String(decoding: bytes, as: UTF8.self).lowercased())
    var radix = digits.hasPrefix("0") ? 8 : 10
    if digits.hasPrefix("0x") { (digits, radix) = (digits.dropFirst(2), 16) }
    var shift: UInt64 = 0
    // In a hexadecimal number, an e is a digit.
    if let position = digits.last.flatMap(Array("kmgtpe").firstIndex),
      !(radix == 16 && position == 5)
    {
      shift = 10 * UInt64(position + 1)
      digits.removeLast()
    }
    guard digits.first != "+", let number = UInt64(digits, radix: radix) else { return nil }
    return (number << shift) >> shift == number ? number << shift : nil
  }
}
