// SPDX-License-Identifier: Apache-2.0

import CDTFix
import DeviceTree
import Kexec
import Loading

/// What a tree handle holds.
final class TreeObject: HandleObject {
  static let typeName = "tree"
  static let mark: UInt64 = 0x6474_6669_785f_7472

  /// The tree as it came.
  let origin: TreeFile
  /// The tree with the caller's edits.
  private(set) var tree: DeviceTree
  /// The caller's edits: ``NextTree`` makes them again, to refuse those that the hand-over undoes.
  private(set) var edits: [TreeEdit] = []

  init(_ origin: TreeFile) {
    self.origin = origin
    tree = origin.tree
  }

  /// Makes edits, all or none; the running kernel's own state is removed before the first ones.
  ///
  /// - Returns: what they changed.
  func apply(_ new: [TreeEdit]) throws(CallFailure) -> [Change] {
    guard !new.isEmpty else { return [] }
    do throws(KexecError) {
      var request = KexecRequest(.other, tree: tree, seeds: .none)
      request.hasLiveState = edits.isEmpty && origin.hasLiveState
      request.edits = new
      let edited = try EditedTree(request)
      tree = edited.tree
      edits += new
      return edited.changes
    } catch {
      throw CallFailure(error, in: origin.name)
    }
  }
}

/// A tree of a caller's bytes.
func tree(_ blob: [UInt8], named name: String? = nil) throws(CallFailure) -> DeviceTree {
  do throws(DeviceTreeError) {
    return try DeviceTree(blob: blob)
  } catch {
    throw CallFailure(.malformedInput, name.map { "\($0): \(error)" } ?? "\(error)")
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_open")
public func dtfix_tree_open(
  _ blob: UnsafeRawPointer?, _ size: Int, _ tree: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, tree, "tree") { () throws(CallFailure) in
    let blob = try DTFixABI.tree(try bytes(blob, size, "blob"))
    return TreeObject(TreeFile(blob: blob, named: "tree"))
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_blob")
public func dtfix_tree_blob(
  _ tree: OpaquePointer?, _ blob: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, blob, "blob") { () throws(CallFailure) in
    BufferObject(try TreeObject.of(tree).tree.blob)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_source")
public func dtfix_tree_source(
  _ tree: OpaquePointer?, _ source: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, source, "source") { () throws(CallFailure) in
    let text = try TreeObject.of(tree).tree.sourceText(hiding: ChosenProperty.secrets)
    return BufferObject(text)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_free")
public func dtfix_tree_free(_ tree: HandlePlace?) {
  TreeObject.free(tree)
}

/// What differs, as if it had been done.
private func changes(from old: DeviceTree, to new: DeviceTree) -> [Change] {
  old.compared(with: new).differences.map {
    Change($0, reason: "in the other tree", rule: .caller)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_compare")
public func dtfix_tree_compare(
  _ tree: OpaquePointer?, _ other: OpaquePointer?, _ report: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, report, "report") { () throws(CallFailure) in
    let (old, new) = (try TreeObject.of(tree), try TreeObject.of(other))
    return ReportObject(changes: changes(from: old.tree, to: new.tree))
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_check")
public func dtfix_tree_check(
  _ tree: OpaquePointer?, _ purpose: UInt32, _ architecture: UnsafePointer<CChar>?,
  _ report: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error, report, "report") { () throws(CallFailure) in
    let blob = try TreeObject.of(tree).tree.blob
    let purpose = try DTFixABI.purpose(purpose)
    let architecture = try DTFixABI.architecture(architecture)
    let check = TreeCheck(of: blob, for: purpose, architecture: architecture)
    let lines = check.findings.map(\.description) + (check.view?.lines ?? [])
    return ReportObject(findings: check.findings, lines: lines)
  }
}
