// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecCheck
public import KexecFacts
import KexecMerge
import KexecRules

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

  /// Makes the tree for the next kernel: an ordinary one, or a crash kernel.
  ///
  /// The steps follow Linux `drivers/of/kexec.c:of_kexec_alloc_and_setup_fdt`, and clean up what
  /// that leaves to the kernels that wrote it.
  ///
  /// - Parameter request: all of its inputs have places.
  /// - Throws: `KexecError` for a tree, an edit or a request that leads to no tree, and
  ///   `KexecError.notAccepted(_:)` when the finished one does not pass the next kernel's rules.
  public init(_ request: KexecRequest) throws(KexecError) {
    try self.init(request, EditedTree(request))
  }

  /// Makes the tree of an edited one. A tree that only the caller's edits spoil is the caller's mistake.
  package init(_ request: KexecRequest, _ edited: EditedTree) throws(KexecError) {
    do throws(KexecError) {
      try self.init(handingOver: request, to: edited)
    } catch {
      throw error.charged(to: request)
    }
  }

  private init(
    handingOver request: KexecRequest, to edited: EditedTree
  ) throws(KexecError) {
    let line = request.line(in: edited.tree)
    try request.check(line)
    try request.checkFits(edited.tree)

    let fixup = try TreeFixup(
      edited.tree, for: request.architecture, request.crash, request.machine)
    var editor = try ChosenEditor(
      fixup.tree, LastHandover(in: fixup.tree, before: edited.base, request))
    let finished = try editor.tree(for: request, line, fixup)
    let lasting = editor.last.lastingReservations
    try request.checkInitrdIsFree(in: edited.tree, lasting)
    try request.checkBuffersAreFree(in: edited.tree, lasting)
    try edited.changes.checkNotUndone(by: request, edited.tree, finished)

    blob = finished.blob
    changes = edited.changes + (line?.changes ?? []) + fixup.changes + editor.changes
    editWarnings = edited.warnings
    warnings = edited.warnings + request.warnings(line, edited.tree)
    let acceptance = Acceptance(
      request, line, base: edited.base, edited: fixup.tree,
      reservations: lasting + fixup.reservations.map(\.entry))
    let findings = acceptance.findings(in: blob)
    guard findings.isEmpty else { throw .notAccepted(findings) }
  }
}

extension KexecError {
  /// The failure as the mistake of the caller's edits, if they spoilt a tree that is fine without them; else
  /// as it is.
  fileprivate func charged(to request: KexecRequest) -> KexecError {
    guard [.tree, .result].contains(subject), !request.edits.isEmpty else { return self }
    var unedited = request
    unedited.edits = []
    guard (try? NextTree(unedited)) != nil else { return self }
    return KexecError(
      .usage, text, about: .tree, rule: rule,
      advice: .text("it is fine without the requested edits"), cause: cause)
  }
}

extension ChosenEditor {
  /// The finished tree.
  fileprivate mutating func tree(
    for request: KexecRequest, _ line: KernelCommandLine?, _ fixup: TreeFixup
  ) throws(KexecError) -> DeviceTree {
    do throws(DeviceTreeError) {
      try prepareForKexec(request, line)
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
    in tree: DeviceTree, before base: DeviceTree, _ request: KexecRequest
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
  /// Refuses an edit of `/chosen` that the hand-over has made again in its own way.
  ///
  /// To take an old initrd's address out of the way of a new one is no such edit.
  fileprivate func checkNotUndone(
    by request: KexecRequest, _ edited: DeviceTree, _ finished: DeviceTree
  ) throws(KexecError) {
    let written = request.written.filter { !request.inherited.contains($0) }
    let names = flatMap { $0.names(among: written, in: edited) }
    for name in names {
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
