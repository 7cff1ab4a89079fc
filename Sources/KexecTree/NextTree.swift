// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecCheck
public import KexecFacts
import KexecMerge
import KexecRules

/// The tree that the next kernel is started with, and how it was made.
public struct NextTree: Hashable, Sendable {
  /// The finished blob, read back by the next kernel's rules.
  public let blob: [UInt8]
  /// Everything that was done to the running kernel's tree, in order.
  public let changes: [Change]
  /// What could not be checked, and what the next kernel may not take.
  public let warnings: [Finding]
  /// Those of ``warnings`` that are about a merge with another board.
  public let mergeWarnings: [Finding]

  /// Makes the tree for the next kernel: an ordinary one, or a crash kernel.
  ///
  /// The steps follow Linux `drivers/of/kexec.c:of_kexec_alloc_and_setup_fdt`, and clean up what
  /// that leaves to the kernels that wrote it.
  ///
  /// - Parameter request: all of its inputs have addresses.
  /// - Throws: `KexecError` for a tree, an edit or a request that leads to no tree, and
  ///   `KexecError.notAccepted(_:)` when the finished one does not pass the next kernel's rules.
  public init(_ request: borrowing KexecRequest) throws(KexecError) {
    try self.init(request, EditedTree(request))
  }

  /// Makes the tree of an edited one; a tree that only the caller's edits spoil is the caller's mistake.
  package init(_ request: borrowing KexecRequest, _ edited: borrowing EditedTree) throws(KexecError)
  {
    do throws(KexecError) {
      try self.init(handingOver: request, to: edited)
    } catch {
      var unedited = copy request
      unedited.edits = []
      guard [.tree, .result].contains(error.subject), !request.edits.isEmpty,
        (try? NextTree(unedited)) != nil
      else { throw error }
      throw KexecError(
        .usage, error.text, about: .tree, rule: error.rule,
        advice: .text("it is fine without the requested edits"), cause: error.cause)
    }
  }

  private init(
    handingOver request: borrowing KexecRequest, to edited: borrowing EditedTree
  ) throws(KexecError) {
    let line = request.line(in: edited.tree)
    try request.check(line)
    try request.checkFits(edited.tree)

    let fixup = try TreeFixup(
      edited.tree, for: request.architecture, request.crash, request.machine)
    var editor = try ChosenEditor(
      fixup.tree,
      LastHandover(in: fixup.tree, before: edited.changes.isEmpty ? nil : edited.base, request))
    let finished = try editor.tree(for: request, line, fixup)
    let lasting = editor.last.lastingReservations
    try request.checkInputsAreFree(in: edited.tree, lasting)
    try edited.changes.checkNotUndone(by: request, edited.tree, finished)

    blob = finished.blob
    changes = edited.changes + (line?.changes ?? []) + fixup.changes + editor.changes
    mergeWarnings = edited.warnings
    warnings = edited.warnings + request.warnings(line, edited.tree, editor.last.rootCells)
    let requested = RequestedTree(
      request, line, base: edited.base, edited: fixup.tree, chosen: editor.last.properties,
      reservations: lasting + fixup.reservations.map(\.entry))
    let findings = requested.findings(
      in: blob, for: request.purpose, request.architecture, on: request.machine)
    guard findings.isEmpty else { throw .notAccepted(findings) }
  }
}

extension RequestedTree {
  /// What a finished tree must say.
  ///
  /// - Parameters:
  ///   - edited: the tree with the caller's edits and the architecture's fixups, before the hand-over.
  ///   - reservations: those of the tree that stay, and those of the architecture.
  convenience init(
    _ request: borrowing KexecRequest, _ line: KernelCommandLine?, base: DeviceTree,
    edited: DeviceTree, chosen: [Property], reservations: [AddressAndSize]
  ) {
    let buffers = request.buffers
    let places =
      [request.initrd, request.crash?.coreHeader].compactMap { $0 }
      + buffers.filter(\.input.isReserved).map(\.range) + request.reservations
    self.init(
      commandLine: line?.bytes, initrd: request.initrd, crash: request.crash,
      buffers: buffers, seeds: request.seeds,
      reservations: reservations + places.map(AddressAndSize.init),
      written: request.written, base: base, edited: edited, chosen: chosen)
  }
}

extension ChosenEditor {
  fileprivate mutating func tree(
    for request: KexecRequest, _ line: KernelCommandLine?, _ fixup: TreeFixup
  ) throws(KexecError) -> DeviceTree {
    try KexecError.aboutTree { () throws(DeviceTreeError) in try prepareForKexec(request, line) }
    take(fixup)
    try checkReservationCount()
    return try KexecError.aboutTree { () throws(DeviceTreeError) in try finishedTree() }
  }
}

extension LastHandover {
  /// What the last hand-over left; half an old initrd has an error of its own.
  fileprivate init(
    in tree: DeviceTree, before base: DeviceTree?, _ request: borrowing KexecRequest
  ) throws(KexecError) {
    do throws(DeviceTreeError) {
      try self.init(
        in: tree, before: base, extras: request.extras.map(\.input), on: request.machine)
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
  /// Refuses an edit of `/chosen` that the hand-over has overwritten; an old initrd may be deleted.
  fileprivate func checkNotUndone(
    by request: KexecRequest, _ edited: DeviceTree, _ finished: DeviceTree
  ) throws(KexecError) {
    var written = request.written
    if case .ofTree = request.commandLine { written.removeAll { $0 == ChosenProperty.commandLine } }
    for name in flatMap({ $0.names(among: written, in: edited) }) {
      let wanted = try? edited.property(name, of: ChosenProperty.node)
      guard wanted != (try? finished.property(name, of: ChosenProperty.node)) else { continue }
      guard wanted == nil, ChosenProperty.initrd.contains(name) else {
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
