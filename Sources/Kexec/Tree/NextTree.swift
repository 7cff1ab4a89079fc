// SPDX-License-Identifier: Apache-2.0

public import DeviceTree

/// The tree that the next kernel is started with, and how it came about.
public struct NextTree: Hashable, Sendable {
  /// The finished blob, read back and found good by the next kernel's rules.
  public let blob: [UInt8]
  /// Everything that was done to the running kernel's tree, in order.
  public let changes: [Change]
  /// What could not be checked, or is worth a second look.
  public let warnings: [Finding]
  /// Those of the warnings that are about the edits: of a merge with another board, for one.
  public let editWarnings: [Finding]

  /// Makes the tree for an ordinary kexec, or, with ``Handover/crash``, for a crash kernel.
  ///
  /// The steps follow Linux `drivers/of/kexec.c:of_kexec_alloc_and_setup_fdt`, and clean up what
  /// that leaves to the kernels that wrote it.
  ///
  /// - Parameters:
  ///   - base: the running kernel's tree, or a board's.
  ///   - edits: what the caller wants changed before the hand-over, in this order.
  ///   - architecture: the next kernel's.
  ///   - handover: what the next kernel is to be told.
  ///   - machine: what is known about where the tree comes from.
  /// - Throws: ``KexecError`` for a tree, an edit or a request that leads to no tree, and
  ///   ``KexecError/notAccepted(_:)`` when the finished one does not pass the next kernel's rules.
  public init(
    from base: DeviceTree, edits: [TreeEdit] = [], for architecture: Architecture,
    handover: Handover, machine: MachineSnapshot = MachineSnapshot()
  ) throws(KexecError) {
    if let reason = architecture.treeRefusal {
      throw .unsupported(architecture: architecture, reason: reason)
    }
    let (edited, asked, odd) = try base.applying(edits)
    let line = handover.line(in: edited, for: architecture)
    try handover.check(line, for: architecture, on: machine)
    try handover.checkFits(edited)

    let fixup = try TreeFixup(edited, for: architecture, handover.crash, machine)
    var editor = try HandoverEditor(
      fixup.tree, LastHandover(in: fixup.tree, before: base, handover, on: machine))
    let finished = try editor.tree(for: handover, line, fixup)
    let lasting = editor.last.lastingReservations
    try handover.checkInitrdIsFree(in: edited, lasting)
    try handover.checkBuffersAreFree(in: edited, lasting)
    try asked.checkNotUndone(by: handover, edited, finished)

    blob = finished.blob
    changes = asked + (line?.changes ?? []) + fixup.changes + editor.changes
    editWarnings = odd
    warnings = odd + handover.warnings(line, for: architecture, edited, on: machine)
    let acceptance = Acceptance(
      architecture, handover, line, base: base, edited: fixup.tree,
      reservations: lasting + fixup.reservations.map(\.entry))
    let findings = acceptance.findings(in: blob, on: machine)
    guard findings.isEmpty else { throw .notAccepted(findings) }
  }
}

extension KexecError {
  /// The failure as the mistake of the caller's edits, if they spoilt a tree that is fine without them; else
  /// as it is.
  package func charged(to edits: [TreeEdit], without: () throws -> NextTree) -> KexecError {
    guard [.tree, .result].contains(subject), !edits.isEmpty, (try? without()) != nil else {
      return self
    }
    return KexecError(
      .usage, text, about: .tree, rule: rule,
      advice: .text("it is fine without the edits asked for"), cause: cause)
  }
}

extension HandoverEditor {
  /// The finished tree.
  fileprivate mutating func tree(
    for handover: Handover, _ line: KernelCommandLine?, _ fixup: TreeFixup
  ) throws(KexecError) -> DeviceTree {
    do throws(DeviceTreeError) {
      try prepareForKexec(handover, line)
    } catch {
      throw .tree(error)
    }
    take(fixup)
    try checkReservationCount()
    do throws(DeviceTreeError) {
      return try finishedTree()
    } catch {
      throw .tree(error)
    }
  }
}

extension LastHandover {
  /// What a hand-over finds of the last one; half an old initrd is said in words of its own.
  fileprivate init(
    in tree: DeviceTree, before base: DeviceTree, _ handover: Handover, on machine: MachineSnapshot
  ) throws(KexecError) {
    do throws(DeviceTreeError) {
      try self.init(
        in: tree, before: base, extras: handover.extras.map { .extra($0.name) }, on: machine)
    } catch {
      guard let property = error.property, ChosenProperty.initrd.contains(property) else {
        throw .tree(error)
      }
      throw .badInitrd(property: property)
    }
    try checkSize()
  }
}

extension [Change] {
  /// Refuses an edit of `/chosen` that the hand-over has made again in its own way.
  ///
  /// To take an old initrd's address out of the way of a new one is no such edit.
  fileprivate func checkNotUndone(
    by handover: Handover, _ edited: DeviceTree, _ finished: DeviceTree
  ) throws(KexecError) {
    let written = handover.written.filter { !handover.inherited.contains($0) }
    let names = flatMap { $0.names(among: written, in: edited) }
    for name in names {
      let asked = try? edited.property(name, of: ChosenProperty.node)
      guard asked != (try? finished.property(name, of: ChosenProperty.node)) else { continue }
      guard asked == nil, ChosenProperty.initrd.contains(name) else {
        throw .editUndone(property: name)
      }
    }
  }
}

extension Change {
  /// The properties of `/chosen` that it touched and that a hand-over writes.
  fileprivate func names(among written: [String], in edited: DeviceTree) -> [String] {
    switch subject {
    case .property(let name, let node) where ChosenProperty.isNode(node):
      written.filter { $0 == name }
    case .node(let node) where ChosenProperty.isNode(node) && action == .added:
      written.filter { (try? edited.property($0, of: node)) != nil }
    default: []
    }
  }
}
