// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

private let file = "drivers/of/of_reserved_mem.c"
private let nodeRule = Rule.linux(file, "__reserved_mem_check_root")

// Regions of `/reserved-memory`: Devicetree Specification v0.4, section 3.5, and the binding
// `Documentation/devicetree/bindings/reserved-memory/reserved-memory.yaml`.
extension TreeMerger {
  /// Where regions are read.
  static let regionRule = Rule.linux(file, "fdt_scan_reserved_mem")

  /// Regions of the machine that the board's tree does not have.
  ///
  /// A region of the same name must say the same, and so must one of the same memory under another name;
  /// no other may share memory with it. One that has only sizes of 0 in the board's tree is filled in.
  mutating func mergeReservedMemory() throws(KexecError) {
    guard let theirs = machineRoot.namedChild("reserved-memory"), !theirs.children.isEmpty else {
      return
    }
    guard theirs.isReadAsReservedMemory(machineCells) else {
      warnings.append(
        Finding(
          ReservedRegion.parent,
          "\(machine.name) has it without the root's cells, or without ranges: its kernel ignores it",
          rule: nodeRule))
      return
    }
    let place = root.indexOfChild("reserved-memory")
    var parent = place.map { root.children[$0] } ?? Node("reserved-memory")
    guard place == nil || parent.isReadAsReservedMemory(cells) else {
      throw .tree(DeviceTreeError(.badCells, node: ReservedRegion.parent))
    }
    let mine = try regions(of: parent)
    var added: [ReservedRegion] = []
    for node in theirs.children
    where node["status"].isAvailable || mine.index(named: node.name) != nil {
      guard let region = try region(of: node), !region.isPlaceholder else { continue }
      if let index = mine.index(named: region.node.name) {
        try agree(mine.all[index], region, in: &parent.children[index], mine)
      } else if let index = mine.index(of: region.ranges) {
        try agreeOnSameMemory(mine.all[index], region)
      } else {
        try checkIsNew(region, among: mine)
        added.append(region)
      }
    }
    add(added, to: &parent, isNew: place == nil)
    if let place {
      root.children[place] = parent
    } else if !added.isEmpty {
      root.children.append(parent)
    }
  }

  private mutating func add(_ regions: [ReservedRegion], to parent: inout Node, isNew: Bool) {
    guard !regions.isEmpty else { return }
    if isNew {
      parent.properties = [
        Property("#address-cells", .u32(UInt32(cells.address))),
        Property("#size-cells", .u32(UInt32(cells.size))), Property("ranges", .empty),
      ]
      changes.append(
        Change(
          .added, .node(ReservedRegion.parent), reason: "for the machine's: with the root's cells",
          rule: nodeRule))
    }
    for region in regions {
      parent.children.append(region.node)
      changes.append(
        Change(
          .added, .node(region.path), to: region.memory,
          reason: "the machine keeps this memory, and the board's tree does not",
          rule: Self.regionRule))
    }
  }

  private func regions(of parent: Node) throws(KexecError) -> ReservedRegions {
    var regions: [ReservedRegion] = []
    for node in parent.children {
      guard let region = ReservedRegion(node, cells) else {
        throw .tree(
          DeviceTreeError(
            .badValue, node: ReservedRegion.parent + "/" + node.name, property: "reg"))
      }
      try checkSize(node, at: region.path, of: "the board's tree")
      regions.append(region)
    }
    return ReservedRegions(regions)
  }

  /// A machine's region in the board's cells, and without phandles; nil for one that the machine's kernel
  /// could not read.
  private func region(of node: Node) throws(KexecError) -> ReservedRegion? {
    guard (node["reg"] ?? .empty).tuples(machineCells) != nil else { return nil }
    try checkSize(node, at: ReservedRegion.parent + "/" + node.name, of: machine.name)
    var node = node.withoutPhandles
    for index in node.properties.indices {
      node.properties[index] = try translated(
        node.properties[index], of: ReservedRegion.parent + "/" + node.name)
    }
    return ReservedRegion(node, cells)
  }

  /// What a region must not do that is not in the board's tree: refer to nodes by numbers that have another meaning
  /// there, share memory, or be the second default.
  private func checkIsNew(
    _ region: ReservedRegion, among mine: ReservedRegions
  ) throws(KexecError) {
    if let property = region.node.firstReference {
      throw .notMerged(
        machine.name,
        reason: """
          \(region.path): '\(property)' refers to nodes of the machine's tree: bring the node into the \
          board's by hand
          """)
    }
    try checkIsAlone(region, among: mine)
    for (name, other) in mine.defaults where region.node[name] != nil {
      throw conflict(
        .property(name, node: other.path), .property(.empty), .property(.empty),
        there: .property(name, node: region.path),
        advice: "there is one default; take it out of the file to have the machine's")
    }
  }

  /// Two uses of the same memory are a mistake of one of the trees (`__rmem_check_for_overlap`).
  func checkIsAlone(
    _ region: ReservedRegion, among mine: ReservedRegions
  ) throws(KexecError) {
    for range in region.ranges {
      guard let (other, theirs) = mine.region(overlapping: range) else { continue }
      throw conflict(
        .node(other.path), .ranges([theirs]), .ranges([range]), there: .node(region.path),
        advice: "they overlap; take the node out of the file, or give it the machine's memory")
    }
  }
}

extension Node {
  /// Whether readers do not ignore it (`drivers/of/of_reserved_mem.c:__reserved_mem_check_root`).
  fileprivate func isReadAsReservedMemory(_ cells: CellCounts) -> Bool {
    self["#address-cells"]?.u32 == UInt32(cells.address)
      && self["#size-cells"]?.u32 == UInt32(cells.size) && self["ranges"] != nil
  }

  var withoutPhandles: Node {
    var node = self
    node.properties.removeAll(where: \.isPhandle)
    for index in node.children.indices {
      node.children[index] = node.children[index].withoutPhandles
    }
    return node
  }

  /// The name of a property, here or below, that refers to other nodes.
  fileprivate var firstReference: String? {
    properties.first(where: \.mayRefer)?.name
      ?? children.lazy.compactMap(\.firstReference).first
  }
}
