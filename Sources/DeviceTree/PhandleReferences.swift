// SPDX-License-Identifier: Apache-2.0

/// The targets of the phandles of two trees, to compare references whose numbers differ, in linear time.
package struct PhandleReferences {
  private var first: Targets = [:]
  private var second: Targets = [:]

  /// Finds the targets of all phandles of two trees, by their roots.
  package init(_ first: Node, _ second: Node) {
    // Equal paths have the same number in both trees.
    var numbers: [Step: Int] = [:]
    self.first.add(first, &numbers)
    self.second.add(second, &numbers)
  }

  /// The references of two nodes of the same path.
  package func between(_ first: Node, _ second: Node) -> NodeReferences {
    NodeReferences(trees: self, first: SpecifierCounts(first), second: SpecifierCounts(second))
  }

  /// The references of two nodes of the same path.
  package struct NodeReferences {
    fileprivate let trees: PhandleReferences
    fileprivate let first: SpecifierCounts
    fileprivate let second: SpecifierCounts

    /// Whether a property of the two nodes means the same in both trees; one that gives a node its phandle
    /// always does.
    package func areSame(_ name: String, _ value: PropertyValue?, _ otherValue: PropertyValue?)
      -> Bool
    {
      if Property.phandles.contains(name) { return true }
      guard let value, let otherValue, value.bytes.count == otherValue.bytes.count,
        let cells = value.cells, let otherCells = otherValue.cells
      else { return value == otherValue }
      guard let layout = ReferenceLayout(property: name),
        let places = layout.places(in: cells, first, target: { trees.first[$0]?.counts }),
        let otherPlaces = layout.places(
          in: otherCells, second, target: { trees.second[$0]?.counts })
      else {
        return zip(cells, otherCells).allSatisfy { $0 == $1 || trees.leadToSame($0, $1) }
      }
      return places == otherPlaces
        && cells.indices.allSatisfy {
          places.contains($0)
            ? trees.leadToSame(cells[$0], otherCells[$0]) : cells[$0] == otherCells[$0]
        }
    }
  }

  private func leadToSame(_ phandle: UInt32, _ other: UInt32) -> Bool {
    switch (first[phandle], second[other]) {
    case (let target?, let otherTarget?): target.path == otherTarget.path
    case (nil, nil): phandle == other
    default: false
    }
  }
}

/// The targets of one tree by phandle; of several nodes with a phandle, the last one in the tree.
private typealias Targets = [UInt32: Target]

private struct Target {
  /// The number of its path.
  let path: Int
  let counts: SpecifierCounts
}

extension Targets {
  fileprivate mutating func add(
    _ node: Node, in parent: Int? = nil, _ numbers: inout [Step: Int]
  ) {
    let step = Step(parent: parent, name: node.name)
    let path = numbers[step] ?? numbers.count
    numbers[step] = path
    if let phandle = (node["phandle"] ?? node["linux,phandle"])?.phandle {
      self[phandle] = Target(path: path, counts: SpecifierCounts(node))
    }
    for child in node.children { add(child, in: path, &numbers) }
  }
}

/// The last step of a path, with the number of the path before it: a path itself can be 16 KB, and a tree
/// can have many.
private struct Step: Hashable {
  let parent: Int?
  let name: String
}

/// The cells of a property that are phandles, by its binding.
enum ReferenceLayout {
  /// Every cell is one.
  case phandles
  /// A phandle, then as many cells as the property of this name in its target states.
  case specifiers(String)
  /// Entries of the same size, with the phandle in the same place, as in `iommu-map`.
  case entries(size: Int, phandle: Int)
  /// As `interrupt-map`: Devicetree Specification v0.4, section 2.4.3.1.
  case interruptMap

  /// The layout of a property; nil when no known binding has phandles in it.
  init?(property name: String) {
    if let layout = Self.byName[name] {
      self = layout
    } else if name.hasSuffix("-gpios") || name.hasSuffix("-gpio") {
      self = .specifiers("#gpio-cells")
    } else if name.hasSuffix("-supply") || name.isPinState {
      self = .phandles
    } else {
      return nil
    }
  }

  /// From the bindings' schemas (`dtschema/schemas`) and `dtc`'s `checks.c`.
  private static let byName: [String: ReferenceLayout] = [
    "interrupt-parent": .phandles, "remote-endpoint": .phandles, "next-level-cache": .phandles,
    "cpu": .phandles, "cpus": .phandles, "memory-region": .phandles,
    "operating-points-v2": .phandles, "phy-handle": .phandles, "interrupt-affinity": .phandles,
    "clocks": .specifiers("#clock-cells"), "assigned-clocks": .specifiers("#clock-cells"),
    "assigned-clock-parents": .specifiers("#clock-cells"),
    "cooling-device": .specifiers("#cooling-cells"), "dmas": .specifiers("#dma-cells"),
    "gpios": .specifiers("#gpio-cells"), "hwlocks": .specifiers("#hwlock-cells"),
    "interconnects": .specifiers("#interconnect-cells"),
    "interrupts-extended": .specifiers("#interrupt-cells"),
    "io-channels": .specifiers("#io-channel-cells"), "iommus": .specifiers("#iommu-cells"),
    "mboxes": .specifiers("#mbox-cells"), "msi-parent": .specifiers("#msi-cells"),
    "mux-controls": .specifiers("#mux-control-cells"), "phys": .specifiers("#phy-cells"),
    "power-domains": .specifiers("#power-domain-cells"), "pwms": .specifiers("#pwm-cells"),
    "resets": .specifiers("#reset-cells"), "sound-dai": .specifiers("#sound-dai-cells"),
    "thermal-sensors": .specifiers("#thermal-sensor-cells"),
    "msi-map": .entries(size: 4, phandle: 1),
    "iommu-map": .entries(size: 4, phandle: 1), "gpio-ranges": .entries(size: 4, phandle: 0),
    "nvmem-cells": .specifiers("#nvmem-cell-cells"), "cpu-idle-states": .phandles,
    "trip": .phandles,
    "interrupt-map": .interruptMap,
  ]

  /// The value of a missing count: `drivers/of/irq.c:of_msi_get_domain`, `drivers/nvmem/core.c`.
  private static let defaultCounts = ["#msi-cells": 0, "#nvmem-cell-cells": 0]

  /// The indices of the cells that are phandles; nil when the value does not follow the layout.
  ///
  /// - Parameters:
  ///   - counts: the counts of the node that has the property.
  ///   - target: the counts of a phandle's target; nil when there is none.
  func places(
    in cells: [UInt32], _ counts: SpecifierCounts, target: (UInt32) -> SpecifierCounts?
  ) -> Set<Int>? {
    switch self {
    case .phandles:
      Set(cells.indices)
    case .entries(let size, let phandle):
      cells.count % size == 0 ? Set(stride(from: phandle, to: cells.count, by: size)) : nil
    case .specifiers(let counter):
      walk(cells, before: 0) { phandle in
        target(phandle).flatMap { $0[counter] ?? Self.defaultCounts[counter] }
      }
    case .interruptMap:
      counts["#interrupt-cells"].flatMap { own in
        walk(cells, before: (counts["#address-cells"] ?? 0) + own) { phandle in
          let parent = target(phandle)
          return parent?["#interrupt-cells"].map { $0 + (parent?["#address-cells"] ?? 0) }
        }
      }
    }
  }

  /// Steps over entries of: cells before the phandle, the phandle, cells after it.
  private func walk(
    _ cells: [UInt32], before: Int, after count: (UInt32) -> Int?
  ) -> Set<Int>? {
    var places: Set<Int> = []
    var index = before
    while index < cells.count {
      places.insert(index)
      // A phandle of 0 is an empty entry.
      guard let after = cells[index] == 0 ? 0 : count(cells[index]) else { return nil }
      index += 1 + after + before
    }
    return index == cells.count + before ? places : nil
  }
}

extension String {
  /// `pinctrl-` and a number.
  fileprivate var isPinState: Bool {
    hasPrefix("pinctrl-") && UInt(dropFirst(8)) != nil
  }
}

/// A node's `#…-cells`, by name; without those above 16, the most of any binding.
typealias SpecifierCounts = [String: Int]

extension SpecifierCounts {
  init(_ node: Node) {
    self = [:]
    // The first of a repeated name counts, so it is stored last.
    for property in node.properties.reversed() where property.name.hasPrefix("#") {
      self[property.name] = property.value.u32.flatMap { $0 <= 16 ? Int($0) : nil }
    }
  }
}
