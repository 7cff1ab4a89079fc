// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
import KexecCheck
package import KexecFacts
import KexecMerge
import KexecRules

// Failures of edits.
extension KexecError {
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

  /// An old `linux,initrd-start` without `linux,initrd-end`, or one that is neither 4 nor 8 bytes.
  package static func badInitrd(property: String) -> Self {
    .init(
      .malformedInput,
      """
      /chosen: property '\(property)': an old initrd needs linux,initrd-start and -end, 4 or 8 bytes \
      each
      """, about: .tree, advice: .deleteOldInitrd)
  }
}
