// SPDX-License-Identifier: Apache-2.0

import BinaryFormat

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
