// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import DeviceTree
package import JSONText
package import Kexec

extension Change {
  /// The change as an object: `action`, `what`, `node`, `property`, `from`, `to`, `reason`, `rule`.
  /// Members that do not apply are absent.
  package var json: JSON {
    let names = subject.names
    return [
      "action": .string(action.rawValue), "what": .string(names.kind),
      "node": names.node.map(JSON.string), "property": names.property.map(JSON.string),
      "from": from?.json, "to": to?.json,
      "reason": .string(reason), "rule": .string(rule.description),
    ]
  }
}

extension Change.Subject {
  /// The kind of the subject, its node and its property.
  fileprivate var names: (kind: String, node: String?, property: String?) {
    switch self {
    case .property(let name, let node): ("property", node, name)
    case .node(let node): ("node", node, nil)
    case .reservation: ("reservation", nil, nil)
    case .bootCPU: ("bootCPU", nil, nil)
    case .commandLine: ("commandLine", nil, nil)
    }
  }
}

extension Change.Value {
  /// A property's value as in the JSON form of a tree; an address as a string in hexadecimal, which
  /// keeps all of its 64 bits; memory as `start` and `size` of that kind; a secret as its
  /// `secretBytes`.
  package var json: JSON {
    switch self {
    case .property(let value): value.json
    case .address(let address): .hex(address)
    case .number(let number): .number(Int(clamping: number))
    case .memory(let memory):
      ["start": .hex(memory.address), "size": .hex(memory.size)]
    case .secret(let byteCount): ["secretBytes": .number(byteCount)]
    case .text(let text): .string(text)
    }
  }
}

extension JSON {
  /// An address or size, as a string.
  static func hex(_ number: UInt64) -> JSON { .string(BinaryFormat.hex(number)) }
}

extension ByteOrder {
  var json: JSON { self == .little ? "little" : "big" }

  /// The order in a table.
  var text: String { self == .little ? "little-endian" : "big-endian" }
}

extension Finding {
  /// The same as an object: `place`, `text`, `rule`, and the `file` that it is in.
  package func json(in file: String? = nil) -> JSON {
    [
      "file": file.map(JSON.string), "place": .string(place), "text": .string(text),
      "rule": .string(rule.description),
    ]
  }

  package var json: JSON { json() }
}

extension Evidence {
  /// The same as an object: `fact`, `value`, `source`.
  var json: JSON {
    ["fact": .string(fact), "value": .string(value), "source": .string(source)]
  }
}

extension DeviceTree {
  /// The tree as JSON.
  ///
  /// A node is an object of `properties` and `children`, each by name, in the order of the tree. A
  /// property is `true` when empty, a list of strings, a list of 32-bit cells, or an object with `bytes`
  /// in hexadecimal. The second one of a repeated name is called `name#2`.
  package func json(hiding secrets: Set<String> = []) -> JSON {
    let entries = reservations.map { entry in
      ["address": .hex(entry.address), "size": .hex(entry.size)] as JSON
    }
    return [
      "bootCPU": .number(Int(bootCPU)), "reservations": .array(entries),
      "root": root.json(hiding: secrets),
    ]
  }
}

extension Node {
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

extension PropertyValue {
  /// The value as in ``DeviceTree/json(hiding:)``.
  package var json: JSON {
    switch form {
    case .empty: true
    case .strings(let strings): .array(strings.map(JSON.string))
    case .cells(let cells): .array(cells.map { .number(Int($0)) })
    case .bytes: ["bytes": .string(bytes.hexDigits)]
    }
  }
}
