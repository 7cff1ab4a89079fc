// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

/// Edits `/chosen` and the reservations of one tree, and writes down every change.
///
/// The edits are made in an excerpt and put back at once. Reservations are settled last, so that one
/// that is stale and wanted again keeps its place: patching the same tree twice gives the same bytes.
struct HandoverEditor {
  /// What was done so far.
  private(set) var changes: [Change] = []
  /// What is known about the tree's machine.
  let machine: MachineFacts
  /// The root's `#address-cells` and `#size-cells`: they rule every tuple in `/chosen`.
  let rootCells: CellCounts
  /// `totalsize` of the blob as it was found.
  let sourceSize: Int

  /// The properties of `/chosen` as they were found.
  let found: [Property]

  private let base: DeviceTree
  private var excerpt: DeviceTree
  private var stale: [(entry: AddressAndSize, reason: String, rule: String)] = []
  private var wanted: [(entry: AddressAndSize, reason: String, rule: String)] = []

  /// Reservations, and properties of `/chosen`, in a tree that is edited: far above what machines
  /// have, and low enough that no file makes the edits, each of which moves the rest, take minutes.
  private static let mostEntries = 10_000

  /// - Throws: ``DeviceTreeError/Code/badCells`` for a tree whose root does not say how long its
  ///   addresses are: Linux and libfdt would then disagree on every tuple.
  init(_ base: DeviceTree, _ machine: MachineFacts) throws(DeviceTreeError) {
    self.base = base
    self.machine = machine
    rootCells = try base.cellCounts(of: "/")
    sourceSize = base.sourceSize
    excerpt = try base.excerpt(of: "chosen")
    guard excerpt.reservations.count <= Self.mostEntries else {
      throw DeviceTreeError(.tooMany, value: UInt64(excerpt.reservations.count))
    }
    found =
      excerpt.contains(ChosenProperty.node) ? try excerpt.properties(of: ChosenProperty.node) : []
    guard found.count <= Self.mostEntries else {
      throw DeviceTreeError(.tooMany, node: ChosenProperty.node, value: UInt64(found.count))
    }
  }

  /// The whole tree with the edits in it.
  mutating func finishedTree() throws(DeviceTreeError) -> DeviceTree {
    try settleReservations()
    var tree = base
    try tree.putBack(excerpt, of: "chosen")
    return tree
  }

  // MARK: The node and its properties

  var hasChosen: Bool { excerpt.contains(ChosenProperty.node) }

  mutating func addChosen(reason: String, rule: String) throws(DeviceTreeError) {
    try excerpt.addNode("chosen", to: "/")
    changes.append(Change(.added, .node(ChosenProperty.node), reason: reason, rule: rule))
  }

  /// The value of a property as it was found; of the first copy, as readers do.
  func foundValue(of name: String) -> PropertyValue? {
    found.first { $0.name == name }?.value
  }

  /// Sets a property; a second copy, which the next kernel would not read, is deleted.
  mutating func set(
    _ name: String, to value: PropertyValue, reason: String, rule: String
  ) throws(DeviceTreeError) {
    let old = foundValue(of: name)
    if found.filter({ $0.name == name }).count > 1 {
      try excerpt.deleteProperty(name, of: ChosenProperty.node)
    }
    try excerpt.setProperty(name, of: ChosenProperty.node, to: value)
    record(name, from: old, to: value, reason: reason, rule: rule)
  }

  /// Deletes every copy of a property.
  mutating func delete(_ name: String, reason: String, rule: String) throws(DeviceTreeError) {
    guard foundValue(of: name) != nil else { return }
    for old in try excerpt.deleteProperty(name, of: ChosenProperty.node) {
      record(name, from: old, to: nil, reason: reason, rule: rule)
    }
  }

  /// Writes down that something stays.
  mutating func keep(_ property: Property, reason: String, rule: String) {
    changes.append(
      Change(
        .kept, .property(property.name, node: ChosenProperty.node), from: .init(property),
        reason: reason, rule: rule))
  }

  private mutating func record(
    _ name: String, from: PropertyValue?, to: PropertyValue?, reason: String, rule: String
  ) {
    guard from != to else { return }
    let action: Change.Action = from == nil ? .added : to == nil ? .removed : .replaced
    changes.append(
      Change(
        action, .property(name, node: ChosenProperty.node),
        from: from.map { .init(Property(name, $0)) }, to: to.map { .init(Property(name, $0)) },
        reason: reason, rule: rule))
  }

  // MARK: Reservations

  /// The reservations that the last hand-over made.
  var released: [AddressAndSize] { stale.map(\.entry) }

  /// The reservations of the tree as it was found.
  var reservations: [AddressAndSize] { excerpt.reservations }

  /// Notes a reservation of the last hand-over; false when there is none like it.
  @discardableResult
  mutating func release(_ entry: AddressAndSize, reason: String, rule: String) -> Bool {
    guard reservations.contains(entry) else { return false }
    stale.append((entry, reason, rule))
    return true
  }

  /// Notes a reservation that the next kernel needs.
  mutating func reserve(_ range: PhysicalRange, reason: String, rule: String) {
    wanted.append((AddressAndSize(range), reason, rule))
  }

  /// Writes down that a reservation stays.
  mutating func keep(_ entry: AddressAndSize, reason: String, rule: String) {
    changes.append(
      Change(.kept, .reservation, from: .memory(entry), reason: reason, rule: rule))
  }

  private mutating func settleReservations() throws(DeviceTreeError) {
    for (entry, reason, rule) in stale where !wanted.contains(where: { $0.entry == entry }) {
      guard try excerpt.deleteReservation(entry) else { continue }
      changes.append(
        Change(.removed, .reservation, from: .memory(entry), reason: reason, rule: rule))
    }
    for (entry, reason, rule) in wanted where !reservations.contains(entry) {
      try excerpt.addReservation(entry)
      changes.append(Change(.added, .reservation, to: .memory(entry), reason: reason, rule: rule))
    }
  }
}
