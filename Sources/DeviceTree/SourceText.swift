// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

extension PropertyValue {
  /// The probable type of the bytes, by the rules of `dtc`.
  package enum Form {
    case empty
    case strings([String])
    case cells([UInt32])
    case bytes
  }

  package var form: Form {
    if bytes.isEmpty { return .empty }
    if let strings, strings.allSatisfy(\.isPrintable) { return .strings(strings) }
    if let cells { return .cells(cells) }
    return .bytes
  }

  /// The value in device-tree source: `"text"`, `<0x1 0x2>` or `[de ad]`; nothing when empty.
  ///
  /// `dtc` compiles it back to the same bytes.
  public var sourceText: String {
    switch form {
    case .empty: ""
    case .strings(let strings): strings.map(\.quoted).joined(separator: ", ")
    case .cells(let cells): "<" + cells.map { hex($0) }.joined(separator: " ") + ">"
    case .bytes: "[" + bytes.map { CollectionOfOne($0).hexDigits }.joined(separator: " ") + "]"
    }
  }

  /// Reads a value: one of `"text"`, `"one", "two"`, `<0x1 2>`, `[de ad]`, or bare text, which is one
  /// string; no text is an empty value.
  ///
  /// Nil for brackets or quotes that do not close, for a cell that does not fit 32 bits and for
  /// bytes that are not pairs of hexadecimal digits.
  public init?(sourceText text: String) {
    let words = { (inner: Substring) in inner.split { $0 == " " || $0 == "\t" || $0 == "," } }
    if text.isEmpty {
      self = .empty
    } else if text.hasPrefix("<") {
      guard text.count > 1, text.hasSuffix(">") else { return nil }
      let numbers = words(text.dropFirst().dropLast()).map { $0.cell }
      guard !numbers.contains(nil) else { return nil }
      self = .cells(numbers.compactMap { $0 })
    } else if text.hasPrefix("[") {
      guard text.count > 1, text.hasSuffix("]") else { return nil }
      guard let bytes = [UInt8](hexDigits: text.dropFirst().dropLast()) else { return nil }
      self.init(bytes: bytes)
    } else if text.hasPrefix("\"") {
      guard let strings = [String](quoted: text) else { return nil }
      self = .strings(strings)
    } else {
      self = .string(text)
    }
  }
}

extension Array<UInt8> {
  /// Bytes from pairs of hexadecimal digits, with or without blanks between the pairs.
  package init?(hexDigits text: some StringProtocol) {
    self = []
    for word in text.split(separator: " ") {
      let digits = Array<Character>(word)
      guard digits.count % 2 == 0, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
        return nil
      }
      for pair in stride(from: 0, to: digits.count, by: 2) {
        guard let byte = UInt8(String(digits[pair...pair + 1]), radix: 16) else { return nil }
        append(byte)
      }
    }
  }
}

extension Array<String> {
  /// Strings in double quotes, separated by commas; `\"`, `\\`, `\n` and `\t` as in C.
  fileprivate init?(quoted text: String) {
    self = []
    var rest = text[...]
    while true {
      guard let string = rest.popQuoted() else { return nil }
      append(string)
      rest = rest.drop { $0 == " " }
      if rest.isEmpty { return }
      guard rest.popFirst() == "," else { return nil }
      rest = rest.drop { $0 == " " }
    }
  }
}

extension Substring {
  /// Removes a string in double quotes from the front; nil when there is none, or it has no end.
  fileprivate mutating func popQuoted() -> String? {
    guard popFirst() == "\"" else { return nil }
    var string = ""
    while let character = popFirst() {
      if character == "\"" { return string }
      guard character == "\\" else {
        string.append(character)
        continue
      }
      let escaped = popFirst()
      guard let escape = escapes.first(where: { $0.letter == escaped }) else { return nil }
      string.unicodeScalars.append(escape.character)
    }
    return nil
  }

  fileprivate var cell: UInt32? {
    (prefixedHexadecimal ?? decimal).flatMap(UInt32.init(exactly:))
  }
}

extension String {
  fileprivate var isPrintable: Bool {
    !isEmpty && utf8.allSatisfy { 0x20..<0x7f ~= $0 || $0 == 0x09 || $0 == 0x0a }
  }

  fileprivate var quoted: String {
    unicodeScalars.reduce(into: "\"") { text, character in
      if let escape = escapes.first(where: { $0.character == character }) {
        text += "\\\(escape.letter)"
      } else {
        text.unicodeScalars.append(character)
      }
    } + "\""
  }
}

/// Characters that are written as a backslash and a letter in a string.
private let escapes: [(letter: Character, character: Unicode.Scalar)] = [
  ("\"", "\""), ("\\", "\\"), ("n", "\n"), ("t", "\t"),
]

extension DeviceTree {
  /// The tree as device-tree source (DTS), which `dtc` compiles back to the same tree.
  ///
  /// The boot CPU is not part of the language: `dtc -b` sets it. Names with characters that `dtc` refuses,
  /// such as blanks, are printed as they are.
  ///
  /// - Parameters:
  ///   - sorted: reservations, properties and nodes in the order of `dtc -s`, for comparing.
  ///   - secrets: names of properties whose bytes are replaced by a comment.
  public func sourceText(sorted: Bool = false, hiding secrets: Set<String> = []) -> String {
    var text = "/dts-v1/;\n\n"
    for entry in sorted ? reservations.sorted() : reservations {
      text += "/memreserve/\t\(hex(entry.address)) \(hex(entry.size));\n"
    }
    let root = sorted ? root.sorted : root
    root.write(as: "/", to: &text, indent: "", hiding: secrets)
    return text
  }
}

extension Node {
  /// The node with properties and children by name, in the order of `dtc -s`.
  var sorted: Node {
    Node(
      name, properties: properties.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) },
      children: children.map(\.sorted).sorted {
        $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
      })
  }

  fileprivate func write(
    as label: String, to text: inout String, indent: String, hiding secrets: Set<String>
  ) {
    text += "\(indent)\(label) {\n"
    let inner = indent + "\t"
    for property in properties {
      text += inner + property.name
      if property.isHidden(by: secrets) {
        text += " = [ /* \(property.value.bytes.count) secret bytes */ ]"
      } else if !property.value.bytes.isEmpty {
        text += " = " + property.value.sourceText
      }
      text += ";\n"
    }
    for child in children {
      text += "\n"
      child.write(as: child.name, to: &text, indent: inner, hiding: secrets)
    }
    text += "\(indent)};\n"
  }
}
