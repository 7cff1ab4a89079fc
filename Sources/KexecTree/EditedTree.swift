// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
import KexecCheck
package import KexecFacts
import KexecMerge
import KexecRules

/// The tree of a request before the hand-over: without the running kernel's own state, completed by the machine's
/// tree, and with the caller's edits, each made once.
package struct EditedTree {
  /// The tree as it came.
  let base: DeviceTree
  package private(set) var tree: DeviceTree
  package private(set) var changes: [Change] = []
  /// What there is to say about the merge.
  private(set) var warnings: [Finding] = []

  /// - Throws: `KexecError` for an architecture that takes no tree, for a missing tree, and for an edit or a
  ///   merge that cannot be made.
  package init(_ request: KexecRequest) throws(KexecError) {
    if let reason = request.architecture.treeRefusal {
      throw .unsupported(architecture: request.architecture, reason: reason)
    }
    guard let base = request.tree else { throw .noTree(request.architecture) }
    (self.base, tree) = (base, base)
    if request.hasLiveState { try removeLiveState() }
    if let machineTree = request.machineTree { try merge(machineTree) }
    let (edited, edits) = try tree.applying(request.edits)
    tree = edited
    changes += edits
  }

  private mutating func removeLiveState() throws(KexecError) {
    do throws(DeviceTreeError) {
      let (clean, removed) = try tree.removingLiveState()
      tree = clean
      changes += removed
    } catch {
      throw .edit("remove what the running kernel added", error)
    }
  }

  private mutating func merge(_ machine: MachineTree) throws(KexecError) {
    let merge = try TreeMerge(of: tree, with: machine)
    tree = merge.tree
    changes += merge.changes
    warnings += merge.warnings
  }
}
