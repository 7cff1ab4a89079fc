// SPDX-License-Identifier: Apache-2.0

public import JSONText

extension DeviceTree {
  /// The tree as device-tree source (DTS), which `dtc` compiles back to the same tree.
  ///
  /// The boot CPU is not part of the language: `dtc -b` sets it. Names outside `dtc`'s alphabet
  /// (blanks, for one) are printed as they are, and `dtc` refuses them.
  ///
  /// - Parameters:
  ///   - sorted: reservations, properties and nodes in the order of `dtc -s`, for comparing.
  ///   - secrets: names of properties whose bytes are replaced by a comment.
  public func sourceText(sorted: Bool = false, hiding secrets: Set<String> = []) -> String {
    var text = "/dts-v1/;\n\n"
    for entry in sorted ? reservations.sorted() : reservations {
      text += "/memreserve/\t0x\(entry.address.hex) 0x\(entry.size.hex);\n"
    }
    let root = sorted ? root.sorted : root
    root.write(as: "/", to: &text, indent: "", hiding: secrets)
    return text
  }

  /// The tree as JSON.
  ///
  /// A node is an object of `properties` and `children`, each by name, in the order of the tree. A
  /// property is `true` when empty, a list of strings, a list of 32-bit cells, or else an object
  /// with `bytes` in hexadecimal. The second of a doubled name is called `name#2`.
  public func json(hiding secrets: Set<String> = []) -> JSON {
    let entries = reservations.map { entry in
      ["address": .string("0x" + entry.address.hex), "size": .string("0x" + entry.size.hex)] as JSON
    }
    return [
      "bootCPU": .number(Int(bootCPU)), "reservations": .array(entries),
      "root": root.json(hiding: secrets),
    ]
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

  fileprivate func json(hiding secrets: Set<String>) -> JSON {
    var names: [String: Int] = [:]
    func unique(_ name: String) -> String {
      names[name, default: 0] += 1
      return names[name] == 1 ? name : "\(name)#\(names[name, default: 0])"
    }
    let members = properties.map { property in
      JSON.Member(
        unique(property.name), property.isHidden(by: secrets) ? .null : property.value.json)
    }
    names = [:]
    let nodes = children.map { JSON.Member(unique($0.name), $0.json(hiding: secrets)) }
    return ["properties": .object(members), "children": .object(nodes)]
  }
}

extension Property {
  /// Whether the bytes must not be shown; a seed that was wiped to zero is no secret.
  package func isHidden(by secrets: Set<String>) -> Bool {
    secrets.contains(name) && value.bytes.contains { $0 != 0 }
  }
}

extension PropertyValue {
  /// The value as ``DeviceTree/json(hiding:)`` shows it.
  package var json: JSON {
    switch form {
    case .empty: true
    case .strings(let strings): .array(strings.map(JSON.string))
    case .cells(let cells): .array(cells.map { .number(Int($0)) })
    case .bytes: ["bytes": .string(bytes.map(\.twoDigits).joined())]
    }
  }
}

extension AddressAndSize: Comparable {
  /// By address, then by size.
  public static func < (one: AddressAndSize, other: AddressAndSize) -> Bool {
    (one.address, one.size) < (other.address, other.size)
  }
}
