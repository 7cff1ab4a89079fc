// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
import KexecCheck
public import KexecFacts
import KexecMerge
import KexecRules

/// A property that the running kernel, or the loader that started it as a crash kernel, wrote for
/// itself only. A live tree has them all, a flat one the loader's.
///
/// What firmware's interfaces need stays: `/rtas`, `/ibm,opal` and `linux,tce-*`. So does
/// `linux,pci-domain`: no kernel since 6.1 writes it, and each takes it for the fixed number of a
/// domain (`arch/powerpc/kernel/pci-common.c:get_phb_number`).
private struct LiveProperty {
  let name: String
  let reason: String
  let rule: Rule
}

private let ofChosen =
  [
    LiveProperty(
      name: "linux,kernel-end", reason: "the running kernel's own end, for loaders",
      rule: .linux("arch/powerpc/kexec/core.c", "kexec_setup"))
  ]
  + ["linux,crashkernel-base", "linux,crashkernel-size"].map { name in
    LiveProperty(
      name: name,
      reason: "told by the running kernel; the next one would read the bytes in its own order",
      rule: .linux("arch/powerpc/kexec/core.c", "export_crashk_values"))
  } + [
    LiveProperty(
      name: "linux,memory-limit",
      reason: "the running kernel's mem=; the next one would read the bytes in its own order",
      rule: .linux("arch/powerpc/kexec/core.c", "export_crashk_values"))
  ]
  + ["linux,htab-base", "linux,htab-size"].map { name in
    LiveProperty(
      name: name, reason: "where the running kernel has its page table",
      rule: .linux("arch/powerpc/kexec/core_64.c", "export_htab_values"))
  }

private let ofMemory = LiveProperty(
  name: DeviceTree.usableMemory, reason: "would cap the next kernel to what a crash kernel had",
  rule: .linux("drivers/of/fdt.c", "early_init_dt_scan_memory"))

private let ofDynamicMemory = LiveProperty(
  name: DeviceTree.usableBlocks,
  reason: "would cap the next kernel to what a crash kernel had",
  rule: .linux("arch/powerpc/kernel/prom.c", "early_init_drmem_lmb"))

extension DeviceTree {
  /// The tree without what the running kernel wrote for itself, and what was removed; the same tree when
  /// there is nothing of that. Linear.
  func removingLiveState() throws(DeviceTreeError) -> (tree: DeviceTree, changes: [Change]) {
    var root = root
    var changes: [Change] = []
    for place in root.children.indices {
      let path = "/" + root.children[place].name
      for property in root.children[place].liveProperties {
        root.children[place].properties.removeAll { candidate in
          guard candidate.name == property.name else { return false }
          changes.append(
            Change(
              property: candidate.name, of: path, from: candidate.value, to: nil,
              reason: property.reason, rule: property.rule))
          return true
        }
      }
    }
    guard !changes.isEmpty else { return (self, []) }
    return (try DeviceTree(root: root, besides: self), changes)
  }
}

extension Node {
  /// What a child of the root may have of it.
  fileprivate var liveProperties: [LiveProperty] {
    if ChosenProperty.isNode("/" + name) { return ofChosen }
    if isOfMemory { return [ofMemory] }
    return "/" + name == DeviceTree.dynamicMemoryNode ? [ofDynamicMemory] : []
  }
}

extension Finding {
  /// The warning that a live tree's reservations are lost, for a tree that was made without the blob
  /// that its kernel was booted with.
  ///
  /// Nil for trees that lose nothing: UEFI keeps what is reserved in its memory map
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
