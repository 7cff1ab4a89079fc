// SPDX-License-Identifier: Apache-2.0

import DeviceTree

// What the kernel adds when it makes a tree of its own from a blob, and files of that tree.
extension Node {
  /// Takes back what is no part of the tree: in linear time.
  ///
  /// - `name` where it says what the node is called anyway: the kernel makes it for each node that has
  ///   none (`drivers/of/fdt.c:populate_properties`), and will make it again. So it goes where it
  ///   is the whole name, unit address and all: QEMU's pseries gives it to the CPU that it plugs in
  ///   (`hw/ppc/spapr_cpu_core.c:spapr_core_dt_populate`), and dtc refuses a tree with it. Another
  ///   `name`, which can only come from firmware, stays.
  /// - The `#1` to `#16` behind a name that a folder could not have twice: see `safe_name`.
  ///
  /// - Returns: The paths of what has its own name again, as they were in the folder.
  mutating func takeBackExport() -> [String] {
    var undone: [String] = []
    takeBackExport(path: "", &undone)
    return undone
  }

  private mutating func takeBackExport(path: String, _ undone: inout [String]) {
    undoClashes(path: path, &undone)
    if properties.contains(where: { $0.name == "name" }) {
      let told = [PropertyValue(bytes: madeUpName), .string(name)]
      properties.removeAll { $0.name == "name" && told.contains($0.value) }
    }
    for place in children.indices {
      children[place].takeBackExport(path: path + "/" + children[place].name, &undone)
    }
  }

  /// What the kernel makes up as `name`: the name up to the last `@`, and a NUL.
  private var madeUpName: [UInt8] {
    let bytes = Array(name.utf8)
    let end = bytes.lastIndex(of: UInt8(ascii: "@")) ?? bytes.count
    return bytes[..<end] + [0]
  }

  private mutating func undoClashes(path: String, _ undone: inout [String]) {
    guard
      properties.contains(where: { Clash($0.name) != nil })
        || children.contains(where: { Clash($0.name) != nil })
    else { return }
    let clashes = properties.map { Clash($0.name) }
    let childClashes = children.map { Clash($0.name) }
    let names = Set(properties.map(\.name) + children.map(\.name))

    var numbers = [Int](repeating: 0, count: properties.count)
    for (place, clash) in clashes.enumerated() {
      guard let clash, names.contains(clash.name) else { continue }
      undone.append(path + "/" + properties[place].name)
      properties[place].name = clash.name
      numbers[place] = clash.number
    }
    properties = numbers.indices.sorted { (numbers[$0], $0) < (numbers[$1], $1) }.map {
      properties[$0]
    }

    numbers = [Int](repeating: 0, count: children.count)
    for (place, clash) in childClashes.enumerated() {
      guard let clash, children[place].isRenamed(from: clash.name, beside: names) else { continue }
      undone.append(path + "/" + children[place].name)
      children[place].name = clash.name
      numbers[place] = clash.number
    }
    children = numbers.indices.sorted { (numbers[$0], $0) < (numbers[$1], $1) }.map {
      children[$0]
    }
  }

  /// Whether this child had another name before it clashed: its `name` tells where there is no unit
  /// address, else the one it clashed with.
  private func isRenamed(from original: String, beside names: Set<String>) -> Bool {
    if !original.utf8.contains(UInt8(ascii: "@")) {
      switch self["name"]?.string {
      case original: return true
      case name: return false
      default: break
      }
    }
    return names.contains(original)
  }
}

/// A name that ends as `drivers/of/kobj.c:safe_name` lets it end when the name before the `#` is taken:
/// by a property for a child, by a child for a later property, or by another of its kind.
private struct Clash {
  let name: String
  let number: Int

  init?(_ text: String) {
    let bytes = text.utf8
    // Most names are not looked at any further.
    guard let last = bytes.last, UInt8(ascii: "0")...UInt8(ascii: "9") ~= last,
      let sign = bytes.lastIndex(of: UInt8(ascii: "#")), sign != bytes.startIndex,
      let number = Int(text[bytes.index(after: sign)...]), 1...16 ~= number,
      text[sign...] == "#\(number)"
    else { return nil }
    name = String(text[..<sign])
    self.number = number
  }
}
