// SPDX-License-Identifier: Apache-2.0

/// Where the phandles of two trees lead, to compare references whose numbers differ.
struct PhandleReferences {
  private let first: Targets
  private let second: Targets

  init(_ first: Node, _ second: Node) {
    self.first = Targets(first)
    self.second = Targets(second)
  }

  /// Whether a property says the same in both trees, given the nodes it belongs to.
  ///
  /// The property that gives a node its phandle says nothing by itself.
  func areSame(
    _ name: String, of node: Node, _ value: PropertyValue?, _ otherNode: Node,
    _ otherValue: PropertyValue?
  ) -> Bool {
    if Targets.ownNames.contains(name) { return true }
    guard let value, let otherValue, value.bytes.count == otherValue.bytes.count else {
      return value == otherValue
    }
    guard let cells = value.cells, let otherCells = otherValue.cells else {
      return value == otherValue
    }
    guard let layout = ReferenceLayout(property: name),
      let places = layout.places(in: cells, of: node, first),
      let otherPlaces = layout.places(in: otherCells, of: otherNode, second)
    else {
      return zip(cells, otherCells).allSatisfy { $0 == $1 || leadToSame($0, $1) }
    }
    return places == otherPlaces
      && cells.indices.allSatisfy {
        places.contains($0)
          ? leadToSame(cells[$0], otherCells[$0]) : cells[$0] == otherCells[$0]
      }
  }

  private func leadToSame(_ phandle: UInt32, _ other: UInt32) -> Bool {
    switch (first.paths[phandle], second.paths[other]) {
    case (let path?, let otherPath?): path == otherPath
    case (nil, nil): phandle == other
    default: false
    }
  }

  /// The nodes of one tree by phandle.
  struct Targets {
    static let ownNames: Set = ["phandle", "linux,phandle", "ibm,phandle"]

    private(set) var paths: [UInt32: String] = [:]
    private var nodes: [UInt32: Node] = [:]

    init(_ root: Node) {
      add(root, path: "")
    }

    func node(_ phandle: UInt32) -> Node? { nodes[phandle] }

    private mutating func add(_ node: Node, path: String) {
      if let phandle = (node["phandle"] ?? node["linux,phandle"])?.phandle {
        paths[phandle] = path
        nodes[phandle] = Node(node.name, properties: node.properties)
      }
      for child in node.children { add(child, path: path + "/" + child.name) }
    }
  }
}

/// Which cells of a property are phandles, by the bindings that define it.
enum ReferenceLayout {
  /// Every cell is one.
  case phandles
  /// A phandle, then as many cells as the property of this name in its target says.
  case specifiers(String)
  /// Entries of the same size, with the phandle in the same place, as in `iommu-map`.
  case entries(size: Int, phandle: Int)
  /// As `interrupt-map`: Devicetree Specification v0.4, section 2.4.3.1.
  case interruptMap

  /// The layout of a property; nil when no binding known here has phandles in it.
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

  /// What a missing count means: `drivers/of/irq.c:of_msi_get_domain`, `drivers/nvmem/core.c`.
  private static let defaultCounts = ["#msi-cells": 0, "#nvmem-cell-cells": 0]

  /// The indices of the cells that are phandles; nil when the value does not follow the layout.
  func places(in cells: [UInt32], of node: Node, _ targets: PhandleReferences.Targets) -> [Int]? {
    switch self {
    case .phandles:
      Array(cells.indices)
    case .entries(let size, let phandle):
      cells.count % size == 0 ? Array(stride(from: phandle, to: cells.count, by: size)) : nil
    case .specifiers(let counter):
      walk(cells, before: 0) { phandle in
        targets.node(phandle).flatMap { $0.count(counter) ?? Self.defaultCounts[counter] }
      }
    case .interruptMap:
      node.count("#interrupt-cells").flatMap { own in
        walk(cells, before: (node.count("#address-cells") ?? 0) + own) { phandle in
          let parent = targets.node(phandle)
          return parent?.count("#interrupt-cells").map {
            $0 + (parent?.count("#address-cells") ?? 0)
          }
        }
      }
    }
  }

  /// Steps over entries of: cells before the phandle, the phandle, cells after it.
  private func walk(
    _ cells: [UInt32], before: Int, after count: (UInt32) -> Int?
  ) -> [Int]? {
    var places: [Int] = []
    var index = before
    while index < cells.count {
      places.append(index)
      // A phandle of 0 stands for an entry left empty.
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

extension Node {
  fileprivate func count(_ name: String) -> Int? {
    self[name]?.u32.flatMap { $0 <= 16 ? Int($0) : nil }
  }
}
