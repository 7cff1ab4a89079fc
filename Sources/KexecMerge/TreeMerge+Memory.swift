// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

private let memoryRule = Rule.linux("drivers/of/fdt.c", "early_init_dt_scan_memory")

/// A node of RAM: a child of the root with `device_type = "memory"`, by which alone Linux goes.
private struct MemoryTuples {
  let index: Int
  let node: Node
  let tuples: [AddressAndSize]

  var ranges: [PhysicalRange] { tuples.compactMap(\.memory) }
  var path: String { "/" + node.name }
  var hasPhandle: Bool { node.properties.contains(where: \.isPhandle) }
}

extension TreeMerger {
  /// Memory of the machine, where the board's tree has none, or places for it with sizes of 0.
  mutating func mergeMemory() throws(KexecError) {
    try checkDynamicMemory()
    let (mine, theirs) = (try memoryOfBoard(), memoryOfMachine())
    let memory = PhysicalRangeSet(mine.flatMap(\.ranges))
    let machineMemory = PhysicalRangeSet(theirs.flatMap(\.ranges))
    guard let first = theirs.first else { return warnIfNowhere(memory) }
    guard memory != machineMemory else { return }
    guard !memory.isEmpty else { return try takeMemory(theirs, into: mine) }

    let place = mine.first { !machineMemory.contains($0) } ?? mine.first { !$0.ranges.isEmpty }
    let path = place?.path ?? "/memory"
    guard uefiOfMachine == nil else {
      changes.append(
        Change(
          .kept, .property("reg", node: path), from: .ranges(memory.ranges),
          reason: "the machine's tree says otherwise; its kernel takes its memory from UEFI's map",
          rule: .linux("drivers/firmware/efi/efi-init.c", "efi_init")))
      return
    }
    throw conflict(
      .property("reg", node: path), .ranges(memory.ranges), .ranges(machineMemory.ranges),
      there: .property("reg", node: first.path),
      advice: "take the node out of the file, or set its size to 0, to have the machine's memory")
  }

  private mutating func warnIfNowhere(_ memory: PhysicalRangeSet) {
    guard memory.isEmpty, uefiOfMachine == nil else { return }
    warnings.append(
      Finding("/", "neither this tree nor \(machine.name) describes memory", rule: memoryRule))
  }

  /// Logical memory blocks, which a hypervisor adds and takes away, are in no board's tree.
  private func checkDynamicMemory() throws(KexecError) {
    let path = DeviceTree.dynamicMemoryNode
    let name = String(path.dropFirst())
    guard let theirs = machineRoot.child(name), root.child(name) != theirs else { return }
    throw .notMerged(
      machine.name,
      reason: "\(path): memory in blocks of a hypervisor is not merged with a board's tree")
  }

  private func memoryOfBoard() throws(KexecError) -> [MemoryTuples] {
    var nodes: [MemoryTuples] = []
    for (index, node) in root.children.enumerated() where node.isMemory {
      guard let tuples = (node["reg"] ?? .empty).tuples(cells) else {
        throw .tree(DeviceTreeError(.badValue, node: "/" + node.name, property: "reg"))
      }
      nodes.append(MemoryTuples(index: index, node: node, tuples: tuples))
    }
    return nodes
  }

  /// A node that the running kernel could not read gives no memory.
  private func memoryOfMachine() -> [MemoryTuples] {
    machineRoot.children.enumerated().compactMap { index, node in
      guard node.isMemory, let tuples = node["reg"]?.tuples(machineCells) else { return nil }
      let nodes = MemoryTuples(index: index, node: node, tuples: tuples)
      return nodes.ranges.isEmpty ? nil : nodes
    }
  }

  private mutating func takeMemory(
    _ theirs: [MemoryTuples], into placeholders: [MemoryTuples]
  ) throws(KexecError) {
    let places = Dictionary(
      root.children.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    for memory in theirs {
      try checkSize(memory.node, at: memory.path, of: machine.name)
      let value = try tuples(memory.tuples, property: "reg", of: memory.path, memory.node["reg"])
      if let place = places[memory.node.name] {
        try fill(place, with: memory, value)
      } else {
        var node = memory.node
        node.properties.removeAll { $0.isPhandle || $0.name == DeviceTree.usableMemory }
        node.children = []
        for index in node.properties.indices where node.properties[index].name == "reg" {
          node.properties[index].value = value
        }
        root.children.append(node)
        changes.append(
          Change(
            .added, .node(memory.path), to: .ranges(memory.ranges),
            reason: "the machine's memory: the board's tree describes none", rule: memoryRule))
      }
    }
    removePlaceholders(placeholders, besides: Set(theirs.map(\.node.name)))
  }

  /// Fills in a node of the board's tree, as a boot loader would.
  private mutating func fill(
    _ place: Int, with memory: MemoryTuples, _ reg: PropertyValue
  ) throws(KexecError) {
    var node = root.children[place]
    try checkSize(node, at: memory.path, of: "the board's tree")
    for property in memory.node.properties
    where !property.isPhandle && !["reg", DeviceTree.usableMemory].contains(property.name) {
      guard let mine = node[property.name] else {
        set(
          property, in: &node, at: memory.path, reason: "as on the machine, whose memory this is",
          rule: .specification("3.4"))
        continue
      }
      guard mine == property.value || property.name == "status" && mine.isAvailable else {
        throw conflict(
          .property(property.name, node: memory.path), .init(Property(property.name, mine)),
          .init(property),
          advice: "take the node out of the file to have the machine's memory")
      }
    }
    set(
      Property("reg", reg), in: &node, at: memory.path,
      reason: "the machine's memory: the board's tree leaves it to the boot loader",
      rule: memoryRule)
    root.children[place] = node
  }

  /// Places for memory that the machine has under other names; what is referred to stays, and readers
  /// pass over its size of 0.
  private mutating func removePlaceholders(_ nodes: [MemoryTuples], besides names: Set<String>) {
    let empty = nodes.filter { !names.contains($0.node.name) }
    for node in empty where node.hasPhandle {
      changes.append(
        Change(
          .kept, .node(node.path), reason: "has no memory, and a phandle that may be in use",
          rule: memoryRule))
    }
    let stale = Set(empty.filter { !$0.hasPhandle }.map(\.index))
    for node in empty where stale.contains(node.index) {
      changes.append(
        Change(
          .removed, .node(node.path), reason: "has no memory: the machine's is described elsewhere",
          rule: memoryRule))
    }
    root.children = root.children.enumerated().filter { !stale.contains($0.offset) }.map(\.element)
  }
}

extension Node {
  fileprivate var isMemory: Bool {
    isOfMemory && self["status"].isAvailable
  }
}

extension PropertyValue {
  /// Whether it is a `status` with which a node is used.
  fileprivate var isAvailable: Bool { Optional(self).isAvailable }
}

extension PhysicalRangeSet {
  fileprivate func contains(_ node: MemoryTuples) -> Bool { node.ranges.allSatisfy(contains) }
}

extension Change.Value {
  /// Ranges of physical memory, of which the first eight are shown.
  static func ranges(_ ranges: [PhysicalRange]) -> Change.Value {
    if ranges.count == 1 { return .memory(AddressAndSize(ranges[0])) }
    let shown = ranges.prefix(8).map(\.description).joined(separator: ", ")
    let more = ranges.count > 8 ? " and \(ranges.count - 8) more" : ""
    return .text(ranges.isEmpty ? "no memory" : shown + more)
  }
}
