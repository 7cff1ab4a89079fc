// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
import PhysicalMemory

// Failures of trees, of edits and of merges.
extension KexecError {
  /// The tree cannot be read or edited as needed.
  package static func tree(_ error: DeviceTreeError) -> Self {
    .init(.malformedInput, "\(error)", about: .tree, cause: .tree(error))
  }

  /// An edit that the caller requested cannot be made.
  package static func edit(_ edit: String, _ error: DeviceTreeError) -> Self {
    .init(.usage, "\(edit): \(error)", about: .edit, cause: .tree(error))
  }

  /// A reservation to be deleted does not exist; the others do.
  package static func notReserved(_ edit: String, _ others: [AddressAndSize]) -> Self {
    let list = others.isEmpty ? "none" : others.prefix(8).map(\.text).joined(separator: ", ")
    return .init(.usage, "\(edit): no such reservation; there are \(list)", about: .edit)
  }

  /// An overlay, of this name, does not fit the tree.
  package static func overlay(_ name: String, _ error: DeviceTreeError) -> Self {
    .init(.malformedInput, "\(name): \(error)", cause: .tree(error))
  }

  /// An edit that the caller requested would be lost: the hand-over writes this property of `/chosen`.
  package static func editUndone(property: String) -> Self {
    .init(
      .usage,
      "/chosen: property '\(property)': the hand-over writes it, so the edit would be lost",
      about: .chosenProperty(property))
  }

  /// There are so many reservations, or properties in `/chosen`, that editing them, each edit moving the
  /// rest, would take minutes.
  package static func tooMany(place: String, count: Int, limit: Int) -> Self {
    .init(
      .malformedInput,
      "\(place): \(count) entries are more than any machine has; at most \(limit) are edited",
      about: .tree)
  }

  /// The next kernel takes a tree, and there is none.
  package static func noTree(_ architecture: Architecture) -> Self {
    .init(
      .notOffered, "\(architecture): a kernel is started with a device tree, and there is none",
      about: .tree)
  }

  /// An old `linux,initrd-start` without `linux,initrd-end`, or one that is neither 4 nor 8 bytes.
  package static func badInitrd(property: String) -> Self {
    .init(
      .malformedInput,
      """
      /chosen: property '\(property)': an old initrd needs linux,initrd-start and -end, 4 or 8 bytes \
      each
      """, about: .tree, advice: .deleteOldInitrd)
  }

  /// What a tree says of memory cannot be read: the node, and why.
  package static func badMemory(_ node: String, _ reason: String) -> Self {
    .init(.malformedInput, "\(node): \(reason)", about: .tree)
  }

  /// The machine has UEFI: its kernel takes its memory from UEFI's own map, whatever the tree says.
  package static let memoryIsOfUEFI = KexecError(
    .malformedInput, "the memory of a machine with UEFI is not what its tree says", about: .tree,
    rule: .linux("drivers/firmware/efi/efi-init.c", "efi_init"))

  // MARK: Merges

  /// A board's tree and the machine's, which are to be merged, contradict each other.
  package static func conflict(_ conflict: MergeConflict) -> Self {
    .init(
      .malformedInput, "\(conflict)", about: .tree, advice: .text(conflict.advice),
      cause: .conflict(conflict))
  }

  /// The tree of a machine, of this name, cannot be read as needed.
  package static func machineTree(_ name: String, _ error: DeviceTreeError) -> Self {
    .init(.malformedInput, "\(name): \(error)", cause: .tree(error))
  }

  /// The tree of a machine, of this name, has what cannot be merged with a board's.
  package static func notMerged(_ name: String, reason: String) -> Self {
    .init(.notOffered, "\(name): \(reason)")
  }
}
