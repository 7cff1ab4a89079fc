// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts

/// How a kernel distinguishes the tree that the EFI stub makes for a machine with ACPI from one that
/// describes hardware: by a root without other children than these.
package struct StubTrees: Sendable {
  /// Names of children that a stub may have, each with the `compatible` string it needs, if any.
  package let allowed: [(name: String, compatible: String?)]
  /// The kernel's own check.
  package let rule: Rule

  /// Whether the tree is such a stub. An empty root is one too.
  package func contains(_ tree: DeviceTree) -> Bool {
    let other = try? tree.firstChild(of: "/") { name in
      !allowed.contains { child in
        child.name == name
          && (child.compatible == nil || tree.isCompatible("/" + name, with: child.compatible))
      }
    }
    return other == nil
  }
}

extension DeviceTree {
  fileprivate func isCompatible(_ node: String, with name: String?) -> Bool {
    let names = (try? property("compatible", of: node))?.strings ?? []
    return names.contains { $0 == name }
  }
}
