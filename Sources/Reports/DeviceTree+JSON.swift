// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import DeviceTree
package import JSONText

extension DeviceTree {
  /// The tree as JSON.
  ///
  /// A node is an object of `properties` and `children`, each by name, in the order of the tree. A
  /// property is `true` when empty, a list of strings, a list of 32-bit cells, or an object with `bytes`
  /// in hexadecimal. The second one of a repeated name is called `name#2`.
  package func json(hiding secrets: Set<String> = []) -> JSON {
    let entries = reservations.map { entry in
      ["address": .string(hex(entry.address)), "size": .string(hex(entry.size))] as JSON
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
