// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts
package import PhysicalMemory

/// What the kernels of one architecture do to the next kernel's tree, in addition to what all do.
package struct TreeRules: Sendable {
  /// Makes the changes.
  package let fixUp: @Sendable (inout TreeFixup) throws(KexecError) -> Void
}

/// The fixups of one architecture, on their way: the tree, and what is written down meanwhile.
package struct TreeFixup {
  /// The tree, with the caller's edits; `/chosen` and the reservations are edited later, elsewhere.
  package private(set) var tree: DeviceTree
  /// What a crash kernel is given; nil for an ordinary kexec.
  package let crash: CrashHandover?
  /// The tree that the running kernel works with; nil when that is not known.
  let machineTree: DeviceTree?
  package private(set) var changes: [Change] = []
  /// Memory to reserve for the next kernel.
  package private(set) var reservations: [Reservation] = []
  /// Reservations of the last hand-over.
  package private(set) var stale: [Reservation] = []

  /// An entry of the reservation block, and why.
  package struct Reservation {
    package let entry: AddressAndSize
    package let reason: String
    package let rule: Rule
    /// Whether its place is never shown: there are keys in it.
    package var isSecret = false

    package init(_ entry: AddressAndSize, reason: String, rule: Rule, isSecret: Bool = false) {
      (self.entry, self.reason, self.rule, self.isSecret) = (entry, reason, rule, isSecret)
    }
  }

  /// Fixes a tree up; where an architecture has no fixups, it stays as it is.
  package init(
    _ tree: DeviceTree, for architecture: Architecture, _ crash: CrashHandover?,
    _ machine: borrowing MachineSnapshot
  ) throws(KexecError) {
    (self.tree, self.crash, machineTree) = (tree, crash, machine.liveTree)
    try architecture.treeRules?.fixUp(&self)
  }

  /// The running kernel's own tree, or what is known of it.
  package var liveTree: DeviceTree { machineTree ?? tree }

  // MARK: What is done

  /// Sets a property, unless it has that value.
  package mutating func set(
    _ name: String, of node: String, to value: PropertyValue, reason: String, rule: Rule
  ) throws(KexecError) {
    try edit { (tree) throws(DeviceTreeError) in
      let old = try tree.property(name, of: node)
      guard old != value else { return [] }
      try tree.setProperty(name, of: node, to: value)
      return [Change(property: name, of: node, from: old, to: value, reason: reason, rule: rule)]
    }
  }

  /// Deletes all copies of a property, if there are any.
  package mutating func delete(
    _ name: String, of node: String, reason: String, rule: Rule
  ) throws(KexecError) {
    try edit { (tree) throws(DeviceTreeError) in
      guard try tree.property(name, of: node) != nil else { return [] }
      return try tree.deleteProperty(name, of: node).map {
        Change(property: name, of: node, from: $0, to: nil, reason: reason, rule: rule)
      }
    }
  }

  /// Gives a child of the root other children; what differs afterwards is the change.
  package mutating func replaceChildren(
    of child: String, with children: [Node], reason: String, rule: Rule
  ) throws(KexecError) {
    try edit { (tree) throws(DeviceTreeError) in
      let before = tree
      var root = tree.root
      guard let index = root.children.firstIndex(where: { $0.name == child }) else {
        throw DeviceTreeError(.notFound, node: "/" + child)
      }
      guard root.children[index].children != children else { return [] }
      root.children[index].children = children
      tree = try DeviceTree(root: root, besides: tree)
      return before.compared(with: tree).differences.map {
        Change($0, reason: reason, rule: rule)
      }
    }
  }

  /// Sets a property of some children of the root, or deletes it for nil; in one pass over the tree.
  package mutating func set(
    _ name: String, ofChildren values: [String: PropertyValue?], reason: String, rule: Rule
  ) throws(KexecError) {
    try edit { (tree) throws(DeviceTreeError) in
      var (root, changes) = (tree.root, [Change]())
      for place in root.children.indices {
        guard let value = values[root.children[place].name] else { continue }
        let old = root.children[place][name]
        guard old != value else { continue }
        root.children[place].replace(name, with: value)
        changes.append(
          Change(
            property: name, of: "/" + root.children[place].name, from: old, to: value,
            reason: reason, rule: rule))
      }
      if !changes.isEmpty { tree = try DeviceTree(root: root, besides: tree) }
      return changes
    }
  }

  package mutating func reserve(_ range: PhysicalRange, reason: String, rule: Rule) {
    reservations.append(Reservation(AddressAndSize(range), reason: reason, rule: rule))
  }

  package mutating func release(_ entry: AddressAndSize, reason: String, rule: Rule) {
    stale.append(Reservation(entry, reason: reason, rule: rule))
  }

  private mutating func edit(
    _ make: (inout DeviceTree) throws(DeviceTreeError) -> [Change]
  ) throws(KexecError) {
    changes += try KexecError.aboutTree { () throws(DeviceTreeError) in try make(&tree) }
  }
}

extension Node {
  /// Gives the first property of a name another value, adds one, or removes all.
  fileprivate mutating func replace(_ name: String, with value: PropertyValue?) {
    guard let value else { return properties.removeAll { $0.name == name } }
    if let place = properties.firstIndex(where: { $0.name == name }) {
      properties[place].value = value
    } else {
      properties.insert(Property(name, value), at: 0)
    }
  }
}

/// What only a crash kernel gets.
package struct CrashHandover: Hashable, Sendable {
  /// The place of the core header (elfcorehdr).
  package let coreHeader: PhysicalRange
  /// The memory that the crash kernel may use: the main crash region, then the low one.
  package let usableMemory: [PhysicalRange]
  /// Where the memory that the crash kernel itself runs in is copied to before it does; nil but for ppc64.
  package let backup: UInt64?

  package init(coreHeader: PhysicalRange, usableMemory: [PhysicalRange], backup: UInt64?) {
    (self.coreHeader, self.usableMemory, self.backup) = (coreHeader, usableMemory, backup)
  }

  /// The most ranges that are read; more are ignored.
  package static let mostUsableRanges = 2
}
