// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import KexecFacts
import KexecRules

/// A board's own tree, completed by what the tree of the running machine says of this very machine.
///
/// A tree from a board's sources describes every board of its kind. What firmware found out about this
/// one, or decided when it started, is in the tree that the running kernel got from it. That is taken
/// over, and nothing else:
///
/// - Memory: the children of the root with `device_type = "memory"`, where the board's tree has none or
///   only sizes of 0, which sources leave for the boot loader to fill in. `linux,usable-memory`, which
///   is of one boot, is not.
/// - `/reserved-memory`: regions that the board's tree does not have, without their phandles, which are
///   numbers of another tree; nothing in the board's tree refers to them.
/// - The reservation block, but for what the last hand-over reserved: its tree, initrd and buffers.
/// - `linux,uefi-*` in `/chosen`: all six or none, as `efi_get_fdt_params` reads them.
/// - `serial-number` of the root.
/// - `local-mac-address`, `mac-address` and `local-bd-address` of the node at the same path, or at the
///   path of the same alias, where they are missing or all zeros.
///
/// Seeds, the command line, the initrd and everything else in `/chosen` stay the board's. Where both
/// trees say something, and not the same, there is no merge: `KexecError.conflict(_:)` names both.
/// Addresses are written in the board's own cells. Merging again changes nothing.
///
/// Sources: Devicetree Specification v0.4, sections 3.2 to 3.6 and 5.3; `drivers/of/fdt.c`;
/// `drivers/of/of_reserved_mem.c`; `Documentation/devicetree/bindings/reserved-memory` and `/net`. What
/// firmware fills in is what U-Boot does: `common/fdt_support.c:fdt_root`, `fdt_fixup_memory_banks`,
/// `fdt_fixup_ethernet`.
public struct TreeMerge: Hashable, Sendable {
  /// The board's tree with the machine's facts in it; the board's own bytes where nothing was missing.
  public let tree: DeviceTree
  /// What was taken over, in the order of the list above, and what was not, on purpose.
  public let changes: [Change]
  /// What makes one doubt that the tree is of this machine.
  public let warnings: [Finding]

  /// Merges a machine's tree into a board's, in time linear in both, but for sorting.
  ///
  /// - Throws: `KexecError.conflict(_:)` where the trees contradict each other;
  ///   `KexecError.notMerged(_:reason:)` for a machine that was booted with ACPI, and for what cannot
  ///   be taken over; `KexecError.tree(_:)` and `KexecError.machineTree(_:_:)` for a tree that cannot
  ///   be read.
  public init(of board: DeviceTree, with machine: MachineTree) throws(KexecError) {
    var merger = try TreeMerger(board, machine)
    try merger.checkStubs(board)
    merger.compareBoards()
    try merger.mergeMemory()
    try merger.mergeReservedMemory()
    try merger.mergeReservations()
    try merger.mergeUEFI()
    try merger.mergeSerialNumber()
    try merger.mergeNetworkAddresses()
    changes = merger.changes
    warnings = merger.warnings
    guard changes.contains(where: { ![.kept, .omitted].contains($0.action) }) else {
      tree = board
      return
    }
    tree = try KexecError.aboutTree { () throws(DeviceTreeError) in
      try DeviceTree(root: merger.root, reservations: merger.reservations, besides: board)
    }
  }
}

/// A merge that is under way.
struct TreeMerger {
  /// The board's tree, as far as it is merged.
  var root: Node
  /// Its reservations.
  var reservations: [AddressAndSize]
  /// The board's root cells: all tuples are written in them.
  let cells: CellCounts

  let machine: MachineTree
  let machineRoot: Node
  let machineCells: CellCounts
  /// Where the phandles of both trees lead: made when they differ.
  lazy var references = PhandleReferences(root, machineRoot)

  var changes: [Change] = []
  var warnings: [Finding] = []

  init(_ board: DeviceTree, _ machine: MachineTree) throws(KexecError) {
    self.machine = machine
    cells = try KexecError.aboutTree { () throws(DeviceTreeError) in
      try board.cellCounts(of: "/")
    }
    do throws(DeviceTreeError) {
      machineCells = try machine.tree.cellCounts(of: "/")
    } catch {
      throw .machineTree(machine.name, error)
    }
    root = board.root
    reservations = board.reservations
    machineRoot = machine.tree.root
  }

  /// A contradiction at the same place in both trees, unless `there` says another.
  func conflict(
    _ subject: Change.Subject, _ value: Change.Value?, _ machineValue: Change.Value?,
    there: Change.Subject? = nil, advice: String
  ) -> KexecError {
    .conflict(
      MergeConflict(
        subject, value, machine: machine.name, there ?? subject, machineValue, advice: advice))
  }

  /// Refuses nodes of memory that no machine has: their properties are compared one with all.
  func checkSize(_ node: Node, at path: String, of name: String) throws(KexecError) {
    guard node.properties.count <= 100 else {
      throw .notMerged(
        name, reason: "\(path): \(node.properties.count) properties are more than any memory has")
    }
  }

  /// Sets a property of a node of the board's tree, and writes it down.
  mutating func set(
    _ property: Property, in node: inout Node, at path: String, reason: String, rule: Rule
  ) {
    let old = node.properties.firstIndex { $0.name == property.name }
    changes.append(
      Change(
        property: property.name, of: path, from: old.map { node.properties[$0].value },
        to: property.value, reason: reason, rule: rule))
    if let old {
      node.properties[old].value = property.value
    } else {
      node.properties.append(property)
    }
  }
}

extension Node {
  /// The place of the child that a path would find: by its exact name, else without its unit address.
  func indexOfChild(_ name: String) -> Int? {
    children.firstIndex { $0.name == name } ?? children.firstIndex { $0.name.hasPrefix(name + "@") }
  }

  /// The child that a path would find.
  func namedChild(_ name: String) -> Node? {
    indexOfChild(name).map { children[$0] }
  }
}

/// The tree that a running machine was booted with, as a source of what only this machine has.
public struct MachineTree: Hashable, Sendable {
  /// The tree.
  public let tree: DeviceTree
  /// What messages call it: `/sys/firmware/fdt`.
  public let name: String
  /// What is known of the machine: by its page size and its reserved memory are found the reservations
  /// that the last hand-over made.
  public let facts: MachineSnapshot

  /// A machine's tree; without facts fewer reservations are known to be stale.
  public init(_ tree: DeviceTree, name: String, facts: MachineSnapshot = MachineSnapshot()) {
    self.tree = tree
    self.name = name
    self.facts = facts
  }
}

// Failures of merges, and of what the last hand-over left.
extension KexecError {
  /// There are so many reservations, or properties in `/chosen`, that editing them, each edit moving the
  /// rest, would take minutes.
  package static func tooMany(place: String, count: Int, limit: Int) -> Self {
    .init(
      .malformedInput,
      "\(place): \(count) entries are more than any machine has; at most \(limit) are edited",
      about: .tree)
  }

  /// A board's tree and the machine's, which are to be merged, contradict each other.
  package static func conflict(_ conflict: MergeConflict) -> Self {
    .init(
      .malformedInput, "\(conflict)", about: .tree, advice: .text(conflict.advice),
      cause: .conflict(conflict))
  }

  /// The tree of a machine, of this name, cannot be read as needed.
  package static func machineTree(_ name: String, _ error: DeviceTreeError) -> Self {
    .init(.malformedInput, "\(name): \(error)", cause: .tree(error))
  }

  /// The tree of a machine, of this name, has what cannot be merged with a board's.
  package static func notMerged(_ name: String, reason: String) -> Self {
    .init(.notOffered, "\(name): \(reason)")
  }
}
