// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecMerge
import KexecRules
import PhysicalMemory

/// Edits `/chosen` and the reservations of one tree, and records every change.
///
/// The edits are made in an excerpt and put back at once. Reservations are edited last, so that one
/// that is stale and wanted again keeps its place: patching the same tree twice gives the same bytes.
struct ChosenEditor {
  private(set) var changes: [Change] = []
  private(set) var last: LastHandover

  /// The path of `/chosen` in this tree, which may be `/chosen@0`.
  private var node = ChosenProperty.node
  private let base: DeviceTree
  private var excerpt: DeviceTree
  private var wanted: [TreeFixup.Reservation] = []

  /// - Parameters:
  ///   - base: the tree, as the caller edited it.
  ///   - last: what the last hand-over left in it.
  init(_ base: DeviceTree, _ last: LastHandover) throws(KexecError) {
    self.base = base
    self.last = last
    excerpt = try KexecError.aboutTree { () throws(DeviceTreeError) in
      try base.excerpt(of: "chosen")
    }
    if let name = try? excerpt.firstChild(of: "/", where: { _ in true }) { node = "/" + name }
  }

  mutating func finishedTree() throws(DeviceTreeError) -> DeviceTree {
    try editReservations()
    var tree = base
    try tree.putBack(excerpt, of: "chosen")
    return tree
  }

  // MARK: The node and its properties

  var hasChosen: Bool { excerpt.contains(node) }

  mutating func addChosen(reason: String, rule: Rule) throws(DeviceTreeError) {
    try excerpt.addNode("chosen", to: "/")
    changes.append(Change(.added, .node(node), reason: reason, rule: rule))
  }

  /// Sets a property; a second copy, which the next kernel would not read, is deleted.
  mutating func set(
    _ name: String, to value: PropertyValue, reason: String, rule: Rule
  ) throws(DeviceTreeError) {
    let copies = last.properties.filter { $0.isNamed(name) }
    if copies.count > 1 { try excerpt.deleteProperty(name, of: node) }
    try excerpt.setProperty(name, of: node, to: value)
    record(name, from: copies.first?.value, to: value, reason: reason, rule: rule)
    for copy in copies.dropFirst() {
      record(
        name, from: copy.value, to: nil, reason: "a second copy, which no reader finds",
        rule: .libfdt("fdt_getprop"))
    }
  }

  /// Deletes every copy of a property.
  mutating func delete(
    _ name: String, reason: String, rule: @autoclosure () -> Rule
  ) throws(DeviceTreeError) {
    guard last.value(of: name) != nil else { return }
    for old in try excerpt.deleteProperty(name, of: node) {
      record(name, from: old, to: nil, reason: reason, rule: rule())
    }
  }

  mutating func keep(_ property: Property, reason: String, rule: Rule) {
    changes.append(
      Change(
        .kept, .property(property.name, node: node), from: .init(property),
        reason: reason, rule: rule))
  }

  private mutating func record(
    _ name: String, from: PropertyValue?, to: PropertyValue?, reason: String, rule: Rule
  ) {
    guard from != to else { return }
    changes.append(
      Change(property: name, of: node, from: from, to: to, reason: reason, rule: rule))
  }

  // MARK: Reservations

  mutating func reserve(
    _ range: PhysicalRange, reason: String, rule: Rule, isSecret: Bool = false
  ) {
    wanted.append(.init(AddressAndSize(range), reason: reason, rule: rule, isSecret: isSecret))
  }

  /// Adds what one architecture reserves, and removes what it had reserved.
  mutating func take(_ fixup: TreeFixup) {
    last.release(fixup.stale)
    wanted += fixup.reservations
  }

  mutating func keep(_ entry: AddressAndSize, reason: String, rule: Rule) {
    changes.append(
      Change(.kept, .reservation, from: .memory(entry), reason: reason, rule: rule))
  }

  /// Refuses more new reservations than are edited in seconds.
  func checkReservationCount() throws(KexecError) {
    try LastHandover.check(wanted.count, at: "reservations")
  }

  private mutating func editReservations() throws(DeviceTreeError) {
    let requested = last.stale.isEmpty ? [] : Set(wanted.map(\.entry))
    for old in last.stale where !requested.contains(old.entry) {
      guard try excerpt.deleteReservation(old.entry) else { continue }
      changes.append(
        Change(.removed, .reservation, from: old.shown, reason: old.reason, rule: old.rule))
    }
    var known = Set(excerpt.reservations)
    for new in wanted where known.insert(new.entry).inserted {
      try excerpt.addReservation(new.entry)
      changes.append(
        Change(.added, .reservation, to: new.shown, reason: new.reason, rule: new.rule))
    }
  }
}

extension TreeFixup.Reservation {
  /// The memory; of secrets, how much it is.
  fileprivate var shown: Change.Value {
    isSecret ? .secret(byteCount: Int(clamping: entry.size)) : .memory(entry)
  }
}
