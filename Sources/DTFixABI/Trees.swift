// SPDX-License-Identifier: Apache-2.0
// swift-format-ignore-file: AllPublicDeclarationsHaveDocumentation

public import CDTFix
import DeviceTree
import Kexec
import Loading
import Reports

/// The object of a tree handle.
final class TreeObject: HandleObject {
  static let typeName = "tree"

  /// The tree as it was opened.
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
  func apply(_ new: [TreeEdit]) throws(KexecError) -> [Change] {
    guard !new.isEmpty else { return [] }
    var request = KexecRequest(.other, tree: tree, seeds: .none)
    request.hasLiveState = edits.isEmpty && origin.hasLiveState
    request.edits = new
    let edited = try naming(origin.name) { () throws(KexecError) in try EditedTree(request) }
    tree = edited.tree
    edits += new
    return edited.changes
  }
}

@_cdecl("dtfix_tree_open")
public func dtfix_tree_open(
  _ blob: UnsafeRawPointer?, _ size: Int, _ tree: Out, _ error: Out
) -> CInt {
  call(error, making: tree, "tree") {
    let blob = try DeviceTree(blob: bytes(blob, size, "blob"))
    return TreeObject(TreeFile(blob: blob, named: "tree"))
  }
}

@_cdecl("dtfix_tree_blob")
public func dtfix_tree_blob(_ tree: Handle, _ blob: Out, _ error: Out) -> CInt {
  call(error, making: blob, "blob") { BufferObject(try TreeObject.of(tree).tree.blob) }
}

@_cdecl("dtfix_tree_source")
public func dtfix_tree_source(_ tree: Handle, _ source: Out, _ error: Out) -> CInt {
  call(error, making: source, "source") {
    BufferObject(try TreeObject.of(tree).tree.sourceText(hiding: ChosenProperty.secrets))
  }
}

@_cdecl("dtfix_tree_free")
public func dtfix_tree_free(_ tree: Out) { TreeObject.free(tree) }

@_cdecl("dtfix_tree_compare")
public func dtfix_tree_compare(
  _ tree: Handle, _ other: Handle, _ report: Out, _ error: Out
) -> CInt {
  call(error, making: report, "report") {
    let (old, new) = (try TreeObject.of(tree), try TreeObject.of(other))
    return ReportObject(
      changes: old.tree.compared(with: new.tree).differences.map {
        Change($0, reason: "in the other tree", rule: .caller)
      })
  }
}

@_cdecl("dtfix_tree_check")
public func dtfix_tree_check(
  _ tree: Handle, _ purpose: UInt32, _ architecture: UnsafePointer<CChar>?, _ report: Out,
  _ error: Out
) -> CInt {
  call(error, making: report, "report") {
    let check = TreeCheck(
      of: try TreeObject.of(tree).tree.blob, for: try DTFixABI.purpose(purpose),
      architecture: try DTFixABI.architecture(architecture))
    let lines = check.findings.map(\.description) + (check.view?.lines ?? [])
    return ReportObject(findings: check.findings, lines: lines)
  }
}

@_cdecl("dtfix_tree_edit")
public func dtfix_tree_edit(
  _ tree: Handle, _ edits: UnsafePointer<dtfix_edit>?, _ count: Int, _ report: Out, _ error: Out
) -> CInt {
  call(error) {
    let object = try TreeObject.of(tree)
    let edits = try unsafe list(edits, count, "edits").enumerated().map {
      try unsafe TreeEdit($1, "edit \($0)")
    }
    ReportObject(changes: try object.apply(edits)).hand(to: report)
  }
}

extension TreeEdit {
  /// A caller's edit at this place in the list. Messages do not repeat its text, which may contain a seed.
  fileprivate init(_ edit: dtfix_edit, _ place: String) throws(CallFailure) {
    try unsafe checkUnused(edit.unused, place)
    let read = try meaning(
      of: unsafe edit.kind, "\(place): kind",
      in: [
        DTFIX_EDIT_SET: TreeEdit.init(setting:), DTFIX_EDIT_DELETE: TreeEdit.init(deletion:),
        DTFIX_EDIT_UNRESERVE: TreeEdit.init(unreservation:), DTFIX_EDIT_OVERLAY: nil,
      ] as KeyValuePairs<Int, ((String) throws(TextError) -> TreeEdit)?>)
    guard let read else {
      try unsafe self.init(overlay: edit, place)
      return
    }
    guard unsafe edit.bytes == nil, unsafe edit.size == 0, unsafe edit.name == nil else {
      throw .argument("\(place): only an overlay has bytes and a name")
    }
    let text = try unsafe text(edit.text, "\(place): text")
    do throws(TextError) {
      self = try read(text)
    } catch {
      throw CallFailure(.usage, "\(place): \(error)")
    }
  }

  private init(overlay edit: dtfix_edit, _ place: String) throws(CallFailure) {
    guard unsafe edit.text == nil else { throw .argument("\(place): an overlay has no text") }
    let name = try unsafe textIfAny(edit.name, "\(place): name") ?? "overlay"
    let blob = try unsafe bytes(edit.bytes, edit.size, "\(place): bytes")
    do throws(DeviceTreeError) {
      self = .overlay(try DeviceTree(blob: blob), name: name)
    } catch {
      throw CallFailure(.malformedInput, "\(name): \(error)")
    }
  }
}

@_cdecl("dtfix_tree_patch")
public func dtfix_tree_patch(
  _ tree: Handle, _ handover: UnsafePointer<dtfix_handover>?, _ machine: Handle, _ blob: Out,
  _ report: Out, _ error: Out
) -> CInt {
  call(error, making: blob, "blob") {
    let base = try TreeObject.of(tree)
    let machine = try MachineObject.ifAny(machine)?.machine
    var options = try unsafe RequestOptions(dtfix_handover.given(handover, "handover"), machine)
    (options.tree, options.edits) = (base.origin, base.edits)
    var source = RequestSource(options, on: machine)
    let gathered = try source.gathered()
    let next = try naming(base.origin.name) { () throws(KexecError) in
      try NextTree(gathered.request)
    }
    let made = TreeReport(gathered, next)
    ReportObject(changes: made.changes, findings: made.findings, lines: made.lines)
      .hand(to: report)
    return BufferObject(next.blob)
  }
}
