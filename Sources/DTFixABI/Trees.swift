// SPDX-License-Identifier: Apache-2.0

import CDTFix
import DeviceTree
import Kexec
import Loading

/// What a tree handle holds.
final class TreeObject: HandleObject {
  static let typeName = "tree"
  static let mark: UInt64 = 0x6474_6669_785f_7472

  var tree: DeviceTree
  /// Where it came from: of a live tree, what has to be done to it before it is handed on.
  let origin: TreeFile?

  init(_ tree: DeviceTree, from origin: TreeFile? = nil) {
    self.tree = tree
    self.origin = origin
  }

  /// What has to be done to it before it is handed on.
  var edits: [TreeEdit] { (origin ?? TreeFile(blob: tree, named: "tree")).edits }

  convenience init(_ file: TreeFile) { self.init(file.tree, from: file) }
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
  _ blob: UnsafeRawPointer?, _ size: Int, _ tree: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(tree, "tree")
    let blob = try bytes(blob, size, "blob")
    TreeObject(try DTFixABI.tree(blob)).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_new")
public func dtfix_tree_new(
  _ tree: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    TreeObject(DeviceTree()).hand(to: try place(tree, "tree"))
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_copy")
public func dtfix_tree_copy(
  _ tree: OpaquePointer?, _ copy: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(copy, "copy")
    let object = try TreeObject.of(tree)
    TreeObject(object.tree, from: object.origin).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_blob")
public func dtfix_tree_blob(
  _ tree: OpaquePointer?, _ blob: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(blob, "blob")
    BufferObject(try TreeObject.of(tree).tree.blob).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_source")
public func dtfix_tree_source(
  _ tree: OpaquePointer?, _ source: UnsafeMutablePointer<OpaquePointer?>?,
  _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(source, "source")
    let text = try TreeObject.of(tree).tree.sourceText(hiding: ChosenProperty.secrets)
    BufferObject(text).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_free")
public func dtfix_tree_free(_ tree: UnsafeMutablePointer<OpaquePointer?>?) {
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
  _ tree: OpaquePointer?, _ other: OpaquePointer?,
  _ report: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(report, "report")
    let (old, new) = (try TreeObject.of(tree), try TreeObject.of(other))
    ReportObject(changes: changes(from: old.tree, to: new.tree)).hand(to: place)
  }
}

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_check")
public func dtfix_tree_check(
  _ tree: OpaquePointer?, _ purpose: UInt32, _ architecture: UnsafePointer<CChar>?,
  _ report: UnsafeMutablePointer<OpaquePointer?>?, _ error: UnsafeMutablePointer<OpaquePointer?>?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let place = try place(report, "report")
    let blob = try TreeObject.of(tree).tree.blob
    let forCrash = try isForCrash(purpose)
    let architecture = try DTFixABI.architecture(architecture)
    let check = TreeCheck(of: blob, for: forCrash ? .crash : .kexec, architecture: architecture)
    let lines = check.findings.map(\.description) + (check.view?.lines ?? [])
    ReportObject(findings: check.findings, lines: lines).hand(to: place)
  }
}
