// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts

// Failures of trees.
extension KexecError {
  /// The tree cannot be read or edited as needed.
  package static func tree(_ error: DeviceTreeError) -> Self {
    .init(.malformedInput, "\(error)", about: .tree, cause: .tree(error))
  }

  /// Reads or edits a tree; its errors are about the tree.
  package static func aboutTree<Value>(
    _ body: () throws(DeviceTreeError) -> Value
  ) throws(KexecError) -> Value {
    do throws(DeviceTreeError) { return try body() } catch { throw .tree(error) }
  }

  /// The next kernel takes a tree, and there is none.
  package static func noTree(_ architecture: Architecture) -> Self {
    .init(
      .notOffered, "\(architecture): a kernel is started with a device tree, and there is none",
      about: .tree)
  }

  /// The architecture does not have what is requested.
  package static func unsupported(architecture: Architecture, reason: String) -> Self {
    let isPlanned = architecture.isPlanned && !architecture.takesTree
    return .init(
      .notOffered, "\(architecture): \(reason)", about: .architecture,
      advice: isPlanned ? .planInstead : nil)
  }

  /// What a tree says of memory cannot be read: the node, and why.
  package static func badMemory(_ node: String, _ reason: String) -> Self {
    .init(.malformedInput, "\(node): \(reason)", about: .tree)
  }

  /// The machine has UEFI: its kernel takes its memory from UEFI's own map, whatever the tree says.
  package static let memoryIsOfUEFI = KexecError(
    .malformedInput, "the memory of a machine with UEFI is not what its tree says", about: .tree,
    rule: .linux("drivers/firmware/efi/efi-init.c", "efi_init"))
}
