// SPDX-License-Identifier: Apache-2.0

import DeviceTree

// Undoes the changes that the kernel makes to names in its own tree, and in the files of that tree.
extension Node {
  /// Restores the names of the blob, in linear time.
  ///
  /// - `name` is removed where it repeats the node's name: the kernel makes it for each node that has
  ///   none (`drivers/of/fdt.c:populate_properties`), and will make it again. It is also removed where it
  ///   is the whole name, unit address included: QEMU's pseries gives it to the CPU that it plugs in
  ///   (`hw/ppc/spapr_cpu_core.c:spapr_core_dt_populate`), and dtc refuses a tree with it. Any other
  ///   `name`, which can only come from firmware, stays.
  /// - `#1` to `#16` is removed from a name that a folder could not have twice: see `safe_name`.
  ///
  /// - Returns: The paths, as in the folder, of renamed files.
  mutating func restoreNames() -> [String] {
    var restored: [String] = []
    restoreNames(path: "", &restored)
    return restored
  }

  private mutating func restoreNames(path: String, _ restored: inout [String]) {
    restoreClashes(path: path, &restored)
    if properties.contains(where: { $0.name == "name" }) {
      let redundant = [PropertyValue(bytes: generatedName), .string(name)]
      properties.removeAll { $0.name == "name" && redundant.contains($0.value) }
    }
    for place in children.indices {
      children[place].restoreNames(path: path + "/" + children[place].name, &restored)
    }
  }

  /// The kernel's own `name`: the name up to the last `@`, and a NUL.
  private var generatedName: [UInt8] {
    let bytes = Array(name.utf8)
    let end = bytes.lastIndex(of: UInt8(ascii: "@")) ?? bytes.count
    return bytes[..<end] + [0]
  }

  private mutating func restoreClashes(path: String, _ restored: inout [String]) {
    guard
      properties.contains(where: { Clash($0.name) != nil })
        || children.contains(where: { Clash($0.name) != nil })
    else { return }
    let names = Set(properties.map(\.name) + children.map(\.name))
    let clashes = properties.map { Clash($0.name) }
    let childClashes = children.map { Clash($0.name) }
    properties.restore(\.name, clashes, path, &restored) { names.contains($1) }
    children.restore(\.name, childClashes, path, &restored) {
      $0.isRenamed(from: $1, beside: names)
    }
  }

  /// Whether this child had another name before it clashed: by its `name` if it has no unit address, else by
  /// the node or property that it clashed with.
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

extension Array {
  /// Gives elements the names from before the clash, and puts them after those that never clashed.
  fileprivate mutating func restore(
    _ name: WritableKeyPath<Element, String>, _ clashes: [Clash?], _ path: String,
    _ restored: inout [String], where isRenamed: (Element, String) -> Bool
  ) {
    var numbers = [Int](repeating: 0, count: count)
    for (place, clash) in clashes.enumerated() {
      guard let clash, isRenamed(self[place], clash.name) else { continue }
      restored.append(path + "/" + self[place][keyPath: name])
      self[place][keyPath: name] = clash.name
      numbers[place] = clash.number
    }
    self = numbers.indices.sorted { (numbers[$0], $0) < (numbers[$1], $1) }.map { self[$0] }
  }
}

/// A name that ends as `drivers/of/kobj.c:safe_name` lets it end when the name before the `#` is taken:
/// by a property for a child, by a child for a later property, or by another of its kind.
private struct Clash {
  let name: String
  let number: Int

  init?(_ text: String) {
    let bytes = text.utf8
    // Most names fail the first of these tests.
    guard let last = bytes.last, UInt8(ascii: "0")...UInt8(ascii: "9") ~= last,
      let sign = bytes.lastIndex(of: UInt8(ascii: "#")), sign != bytes.startIndex,
      let number = Int(text[bytes.index(after: sign)...]), 1...16 ~= number,
      text[sign...] == "#\(number)"
    else { return nil }
    name = String(text[..<sign])
    self.number = number
  }
}
