// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
import DeviceTree
package import JSONText
package import Kexec

extension Change {
  /// The change as an object: `action`, `what`, `node`, `property`, `from`, `to`, `reason`, `rule`.
  /// What does not apply is left out.
  package var json: JSON {
    [
      "action": .string(action.rawValue), "what": .string(subject.kind),
      "node": subject.node.map(JSON.string), "property": subject.property.map(JSON.string),
      "from": from?.json, "to": to?.json,
      "reason": .string(reason), "rule": .string(rule.description),
    ]
  }
}

extension Change.Subject {
  fileprivate var kind: String {
    switch self {
    case .property: "property"
    case .node: "node"
    case .reservation: "reservation"
    case .bootCPU: "bootCPU"
    case .commandLine: "commandLine"
    }
  }

  fileprivate var node: String? {
    switch self {
    case .property(_, let node), .node(let node): node
    case .reservation, .bootCPU, .commandLine: nil
    }
  }

  fileprivate var property: String? {
    guard case .property(let name, _) = self else { return nil }
    return name
  }
}

extension Change.Value {
  /// A property's value as in the JSON form of a tree; an address as a string in hexadecimal, which
  /// keeps all of its 64 bits; memory as `start` and `size` of that kind; a secret as its
  /// `secretBytes`.
  package var json: JSON {
    switch self {
    case .property(let value): value.json
    case .address(let address): .hexadecimal(address)
    case .number(let number): .number(Int(clamping: number))
    case .memory(let memory):
      ["start": .hexadecimal(memory.address), "size": .hexadecimal(memory.size)]
    case .secret(let byteCount): ["secretBytes": .number(byteCount)]
    case .text(let text): .string(text)
    }
  }
}

extension JSON {
  fileprivate static func hexadecimal(_ number: UInt64) -> JSON {
    .string(hex(number))
  }
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
