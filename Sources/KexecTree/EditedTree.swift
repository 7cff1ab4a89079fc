// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import KexecFacts
import KexecMerge
import KexecRules

/// The tree of a request before the hand-over: without the running kernel's own state, completed by the machine's
/// tree, and with the caller's edits, each made once.
package struct EditedTree {
  /// The tree as it came.
  let base: DeviceTree
  package private(set) var tree: DeviceTree
  package private(set) var changes: [Change] = []
  /// Warnings of the merge.
  private(set) var warnings: [Finding] = []

  /// - Throws: `KexecError` for an architecture that takes no tree, for a missing tree, and for an edit or a
  ///   merge that cannot be made.
  package init(_ request: borrowing KexecRequest) throws(KexecError) {
    if let reason = request.architecture.treeRefusal {
      throw .unsupported(architecture: request.architecture, reason: reason)
    }
    guard let base = request.tree else { throw .noTree(request.architecture) }
    (self.base, tree) = (base, base)
    if request.hasLiveState { try removeLiveState() }
    if let machineTree = request.machineTree {
      let merge = try TreeMerge(of: tree, with: machineTree)
      tree = merge.tree
      changes += merge.changes
      warnings += merge.warnings
    }
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
      throw KexecError(
        .usage, "remove what the running kernel added: \(error)", about: .edit, cause: .tree(error))
    }
  }
}

/// Properties that the running kernel, or the loader that started it as a crash kernel, wrote for
/// itself only. A live tree has them all, a flat one the loader's.
///
/// What firmware's interfaces need stays: `/rtas`, `/ibm,opal` and `linux,tce-*`. So does
/// `linux,pci-domain`: no kernel since 6.1 writes it, and each takes it for the fixed number of a
/// domain (`arch/powerpc/kernel/pci-common.c:get_phb_number`).
private typealias LiveProperties = (names: [String], reason: String, rule: Rule)

private let ofChosen: [LiveProperties] = [
  (
    ["linux,kernel-end"], "the running kernel's own end, for loaders",
    .linux("arch/powerpc/kexec/core.c", "kexec_setup")
  ),
  (
    ["linux,crashkernel-base", "linux,crashkernel-size"],
    "the running kernel's crash region; the next one would read the bytes in its own order",
    .linux("arch/powerpc/kexec/core.c", "export_crashk_values")
  ),
  (
    ["linux,memory-limit"],
    "the running kernel's mem=; the next one would read the bytes in its own order",
    .linux("arch/powerpc/kexec/core.c", "export_crashk_values")
  ),
  (
    ["linux,htab-base", "linux,htab-size"], "where the running kernel has its page table",
    .linux("arch/powerpc/kexec/core_64.c", "export_htab_values")
  ),
]

private let capReason = "would cap the next kernel to what a crash kernel had"

private let ofMemory: [LiveProperties] = [
  (
    [DeviceTree.usableMemory], capReason,
    .linux("drivers/of/fdt.c", "early_init_dt_scan_memory")
  )
]

private let ofDynamicMemory: [LiveProperties] = [
  (
    [DeviceTree.usableBlocks], capReason,
    .linux("arch/powerpc/kernel/prom.c", "early_init_drmem_lmb")
  )
]

extension DeviceTree {
  /// The tree without what the running kernel wrote for itself, and what was removed. Linear.
  func removingLiveState() throws(DeviceTreeError) -> (tree: DeviceTree, changes: [Change]) {
    var root = root
    var changes: [Change] = []
    for place in root.children.indices {
      let path = "/" + root.children[place].name
      for (names, reason, rule) in root.children[place].liveProperties {
        for name in names {
          root.children[place].properties.removeAll { property in
            guard property.name == name else { return false }
            changes.append(
              Change(
                property: name, of: path, from: property.value, to: nil, reason: reason, rule: rule)
            )
            return true
          }
        }
      }
    }
    guard !changes.isEmpty else { return (self, []) }
    return (try DeviceTree(root: root, besides: self), changes)
  }
}

extension Node {
  /// What a child of the root may have of it.
  fileprivate var liveProperties: [LiveProperties] {
    if ChosenProperty.isNode("/" + name) { return ofChosen }
    if isOfMemory { return ofMemory }
    return "/" + name == DeviceTree.dynamicMemoryNode ? ofDynamicMemory : []
  }
}

extension Finding {
  /// The warning that a live tree without the blob of its boot has lost the firmware's reservations.
  ///
  /// Nil for trees that lose nothing: UEFI has what is reserved in its memory map
  /// (`drivers/firmware/efi/libstub/fdt.c:update_fdt` deletes the reservations), and on powerpc the tree
  /// itself says what firmware keeps.
  ///
  /// - Parameters:
  ///   - tree: the live tree.
  ///   - reason: why there is no blob.
  public static func lostReservations(of tree: DeviceTree, because reason: String) -> Finding? {
    guard !tree.isOfUEFI, Architecture(describedBy: tree) != .ppc64 else { return nil }
    return Finding(
      "reservations",
      """
      a live tree has none, and those of the firmware are not known (\(reason)): the next kernel \
      will use memory that was reserved in no other way
      """, rule: .linux("drivers/of/fdt.c", "early_init_fdt_scan_reserved_mem"))
  }
}
