// SPDX-License-Identifier: Apache-2.0

public import CDTFix
import DeviceTree
import Kexec

/// Documented in `dtfix.h`.
@_cdecl("dtfix_tree_edit")
public func dtfix_tree_edit(
  _ tree: OpaquePointer?, _ edits: UnsafePointer<dtfix_edit>?, _ count: Int,
  _ report: HandlePlace?, _ error: HandlePlace?
) -> CInt {
  answer(error) { () throws(CallFailure) in
    let object = try TreeObject.of(tree)
    let edits = try unsafe list(edits, count, "edits").enumerated().map {
      (index, edit) throws(CallFailure) in try unsafe TreeEdit(edit, "edit \(index)")
    }
    let changes = try object.apply(edits)
    if let report = unsafe report { ReportObject(changes: changes).hand(to: report) }
  }
}

extension TreeEdit {
  /// What a caller wants; the place is for messages, which repeat no text: a seed may be in it.
  fileprivate init(_ edit: dtfix_edit, _ place: String) throws(CallFailure) {
    try unsafe checkUnused(edit.unused, place)
    let read: (String) throws(TextError) -> TreeEdit
    switch unsafe Int(edit.kind) {
    case DTFIX_EDIT_SET: read = TreeEdit.init(setting:)
    case DTFIX_EDIT_DELETE: read = TreeEdit.init(deletion:)
    case DTFIX_EDIT_UNRESERVE: read = TreeEdit.init(unreservation:)
    case DTFIX_EDIT_OVERLAY:
      try unsafe self.init(overlay: edit, place)
      return
    default: throw unsafe .argument("\(place): \(edit.kind) is no DTFIX_EDIT_…")
    }
    guard unsafe edit.bytes == nil, unsafe edit.size == 0, unsafe edit.name == nil else {
      throw .argument("\(place): bytes and a name are for DTFIX_EDIT_OVERLAY")
    }
    let text = try unsafe text(edit.text, "\(place): text")
    do throws(TextError) {
      self = try read(text)
    } catch {
      throw CallFailure(.usage, "\(place): \(error)")
    }
  }

  private init(overlay edit: dtfix_edit, _ place: String) throws(CallFailure) {
    guard unsafe edit.text == nil else {
      throw .argument("\(place): an overlay has bytes and no text")
    }
    let name = try unsafe textIfAny(edit.name, "\(place): name") ?? "overlay"
    let blob = try unsafe bytes(edit.bytes, edit.size, "\(place): bytes")
    self = .overlay(try tree(blob, named: name), name: name)
  }
}
