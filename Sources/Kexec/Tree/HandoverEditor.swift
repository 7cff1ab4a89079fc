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
  /// The properties of `/chosen` before the caller edited them.
  let oldProperties: [Property]
  /// The reservations as they were found.
  let foundReservations: [AddressAndSize]

  /// The path of `/chosen` in this tree: some call it `/chosen@0`.
  private var node = ChosenProperty.node
  private let base: DeviceTree
  private var excerpt: DeviceTree
  private var stale: [TreeFitting.Reservation] = []
  private var wanted: [TreeFitting.Reservation] = []

  /// Reservations, and properties of `/chosen`, in a tree that is edited: far above what machines
  /// have, and low enough that no file makes the edits, each of which moves the rest, take minutes.
  private static let mostEntries = 10_000

  /// - Parameters:
  ///   - base: the tree, as the caller edited it.
  ///   - old: the tree as it came: memory whose property the caller deleted is still reserved.
  /// - Throws: ``DeviceTreeError/Code/badCells`` for a tree whose root does not say how long its
  ///   addresses are: Linux and libfdt would then disagree on every tuple.
  init(_ base: DeviceTree, before old: DeviceTree, _ machine: MachineFacts) throws(KexecError) {
    self.base = base
    oldProperties = (try? old.properties(of: ChosenProperty.node)) ?? []
    self.machine = machine
    do throws(DeviceTreeError) {
      rootCells = try base.cellCounts(of: "/")
      sourceSize = old.sourceSize
      excerpt = try base.excerpt(of: "chosen")
      let hasChosen = excerpt.contains(node)
      if hasChosen { node = try excerpt.fullPath(of: node) }
      found = hasChosen ? try excerpt.properties(of: node) : []
      foundReservations = excerpt.reservations
    } catch {
      throw .tree(error)
    }
    for (place, count) in [("reservations", foundReservations.count), (node, found.count)] {
      guard count <= Self.mostEntries else {
        throw .tooMany(place: place, count: count, limit: Self.mostEntries)
      }
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

  var hasChosen: Bool { excerpt.contains(node) }

  mutating func addChosen(reason: String, rule: Rule) throws(DeviceTreeError) {
    try excerpt.addNode("chosen", to: "/")
    changes.append(Change(.added, .node(node), reason: reason, rule: rule))
  }

  /// The value of a property as it was found; of the first copy, as readers do.
  func foundValue(of name: String) -> PropertyValue? {
    found.first { $0.name == name }?.value
  }

  /// Sets a property; a second copy, which the next kernel would not read, is deleted.
  mutating func set(
    _ name: String, to value: PropertyValue, reason: String, rule: Rule
  ) throws(DeviceTreeError) {
    let copies = found.filter { $0.name == name }.map(\.value)
    if copies.count > 1 {
      try excerpt.deleteProperty(name, of: node)
    }
    try excerpt.setProperty(name, of: node, to: value)
    record(name, from: copies.first, to: value, reason: reason, rule: rule)
    for copy in copies.dropFirst() {
      record(
        name, from: copy, to: nil, reason: "a second copy, which no reader finds",
        rule: .libfdt("fdt_getprop"))
    }
  }

  /// Deletes every copy of a property.
  mutating func delete(_ name: String, reason: String, rule: Rule) throws(DeviceTreeError) {
    guard foundValue(of: name) != nil else { return }
    for old in try excerpt.deleteProperty(name, of: node) {
      record(name, from: old, to: nil, reason: reason, rule: rule)
    }
  }

  /// Writes down that something stays.
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

  /// The reservations of the tree as it was found, without those that the last hand-over made.
  var lastingReservations: [AddressAndSize] {
    foundReservations.filter { entry in !stale.contains { $0.entry == entry } }
  }

  /// Notes a reservation of the last hand-over; false when there is none like it.
  @discardableResult
  mutating func release(
    _ entry: AddressAndSize, reason: String, rule: Rule, isSecret: Bool = false
  ) -> Bool {
    guard foundReservations.contains(entry) else { return false }
    guard !stale.contains(where: { $0.entry == entry }) else { return true }
    stale.append(.init(entry: entry, reason: reason, rule: rule, isSecret: isSecret))
    return true
  }

  /// Notes a reservation that the next kernel needs.
  mutating func reserve(
    _ range: PhysicalRange, reason: String, rule: Rule, isSecret: Bool = false
  ) {
    wanted.append(
      .init(entry: AddressAndSize(range), reason: reason, rule: rule, isSecret: isSecret))
  }

  /// Notes what one architecture reserves, and has reserved.
  mutating func take(_ fitting: TreeFitting) {
    for old in fitting.stale { release(old.entry, reason: old.reason, rule: old.rule) }
    wanted += fitting.reservations
  }

  /// Writes down that a reservation stays.
  mutating func keep(_ entry: AddressAndSize, reason: String, rule: Rule) {
    changes.append(
      Change(.kept, .reservation, from: .memory(entry), reason: reason, rule: rule))
  }

  /// Refuses more new reservations than are edited in a bearable time.
  func checkReservationCount() throws(KexecError) {
    guard wanted.count <= Self.mostEntries else {
      throw .tooMany(place: "reservations", count: wanted.count, limit: Self.mostEntries)
    }
  }

  private mutating func settleReservations() throws(DeviceTreeError) {
    let asked = Set(wanted.map(\.entry))
    for old in stale where !asked.contains(old.entry) {
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

extension TreeFitting.Reservation {
  /// The memory; of secrets, how much it is.
  fileprivate var shown: Change.Value {
    isSecret ? .secret(byteCount: Int(clamping: entry.size)) : .memory(entry)
  }
}
