// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

// Regions of `/reserved-memory` that both trees have.
extension TreeMerger {
  /// A region of the same name says the same, or has been left to firmware.
  mutating func agree(
    _ mine: ReservedRegion, _ theirs: ReservedRegion, in node: inout Node, _ all: ReservedRegions
  ) throws(KexecError) {
    let isFilled = mine.isPlaceholder && !theirs.ranges.isEmpty
    let firmware = isFilled ? ["reg", "status"] : []
    let names = Set((mine.node.properties + theirs.node.properties).map(\.name))
    for name in names.sorted() where !firmware.contains(name) {
      let (here, there) = (mine.node[name], theirs.node[name])
      guard !areSame(name, here, there, mine, theirs) else { continue }
      throw conflict(
        .property(name, node: mine.path), here.map { shown(name, $0) },
        there.map { shown(name, $0) },
        advice: "both name this region; make the file's the same, or take its node out")
    }
    guard mine.node.withoutPhandles.children == theirs.node.children else {
      throw conflict(
        .node(mine.path), .text("with other nodes below it"), .text("not the same"),
        advice: "both name this region; make the file's the same, or take its node out")
    }
    guard isFilled else { return }
    try checkIsAlone(theirs, among: all)
    for name in firmware {
      guard let value = theirs.node[name] ?? (name == "status" ? .string("okay") : nil),
        !areSame(name, mine.node[name], value, mine, theirs)
      else { continue }
      set(
        Property(name, value), in: &node, at: mine.path,
        reason: "the machine's: the board's tree leaves it to firmware", rule: Self.regionRule)
    }
  }

  /// A region of the same memory under another name is used in the same way.
  mutating func agreeOnSameMemory(
    _ mine: ReservedRegion, _ theirs: ReservedRegion
  ) throws(KexecError) {
    for name in ["compatible", "no-map", "reusable"] where mine.node[name] != theirs.node[name] {
      throw conflict(
        .property(name, node: mine.path), mine.node[name].map { .property($0) },
        theirs.node[name].map { .property($0) }, there: .property(name, node: theirs.path),
        advice: "both are the same memory; make the file's the same, or take its node out")
    }
    changes.append(
      Change(
        .kept, .node(mine.path), from: mine.memory,
        reason: "the same memory as \(theirs.path) of the machine", rule: Self.regionRule))
  }

  private mutating func areSame(
    _ name: String, _ here: PropertyValue?, _ there: PropertyValue?, _ mine: ReservedRegion,
    _ theirs: ReservedRegion
  ) -> Bool {
    if here == there || Property(name, .empty).isPhandle { return true }
    if name == "status" { return here.isAvailable == there.isAvailable }
    guard Property(name, .empty).mayRefer else { return false }
    return references.between(mine.node, theirs.node).areSame(name, here, there)
  }

  private func shown(_ name: String, _ value: PropertyValue) -> Change.Value {
    guard name == "reg", let tuples = value.tuples(cells) else {
      return Change.Value(Property(name, value))
    }
    return .ranges(tuples.compactMap(\.memory))
  }
}

extension Property {
  /// Whether it may hold phandles: `iommu-addresses` does, among numbers.
  var mayRefer: Bool { isReference || name == "iommu-addresses" }
}
