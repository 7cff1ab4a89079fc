// SPDX-License-Identifier: Apache-2.0

/// A JSON value to be printed: what `--json` writes.
///
/// Object members keep their order, so the same input prints the same bytes. Addresses and sizes are strings
/// such as `"0x40000000"`, because JSON readers with numbers in doubles lose the low bits above 2^53.
public indirect enum JSON: Hashable, Sendable {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number far below 2^53.
  case number(Int)
  /// A string, escaped as in RFC 8259, section 7.
  case string(String)
  /// A list of values.
  case array([JSON])
  /// Names and values, in this order.
  case object([Member])

  /// One name and its value.
  public struct Member: Hashable, Sendable {
    /// The name.
    public let name: String
    /// The value.
    public let value: JSON

    /// A member of an object.
    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByArrayLiteral
{
  /// A string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// `true` or `false`.
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  /// A list.
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  /// An object, without the members that are nil.
  public init(dictionaryLiteral elements: (String, JSON?)...) {
    self = .object(elements.compactMap { name, value in value.map { Member(name, $0) } })
  }
}

extension JSON: CustomStringConvertible {
  /// The text, indented by two spaces a level, without a final newline; lists of plain values are on one
  /// line.
  public var description: String {
    var text = ""
    write(to: &text, indent: "\n")
    return text
  }

  private func write(to text: inout String, indent: String) {
    switch self {
    case .null: text += "null"
    case .bool(let value): text += value ? "true" : "false"
    case .number(let value): text += String(value)
    case .string(let value): JSON.write(value, to: &text)
    case .array(let values):
      let isFlat = values.allSatisfy { $0.isPlain }
      JSON.write(values, between: "[", "]", to: &text, indent: indent, isFlat: isFlat) {
        $0.write(to: &$1, indent: $2)
      }
    case .object(let members):
      JSON.write(members, between: "{", "}", to: &text, indent: indent, isFlat: false) {
        JSON.write($0.name, to: &$1)
        $1 += ": "
        $0.value.write(to: &$1, indent: $2)
      }
    }
  }

  private var isPlain: Bool {
    switch self {
    case .array, .object: false
    default: true
    }
  }

  private static func write<Element>(
    _ elements: [Element], between open: String, _ close: String, to text: inout String,
    indent: String, isFlat: Bool, _ element: (Element, inout String, String) -> Void
  ) {
    let inner = indent + "  "
    text += open
    for (index, one) in elements.enumerated() {
      if index > 0 { text += isFlat ? ", " : "," }
      if !isFlat { text += inner }
      element(one, &text, inner)
    }
    if !isFlat, !elements.isEmpty { text += indent }
    text += close
  }

  private static func write(_ string: String, to text: inout String) {
    text += "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\t": text += "\\t"
      case "\0"..<" ", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
