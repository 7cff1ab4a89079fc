// SPDX-License-Identifier: Apache-2.0

package import DeviceTree
package import KexecFacts

extension DeviceTree {
  /// The strings of `compatible` of all CPU nodes.
  ///
  /// CPU nodes: children of `/cpus` with `device_type = "cpu"`, Devicetree Specification v0.4,
  /// section 3.8; arm trees may leave the type out, so the name counts too.
  package func compatibleStringsOfCPUs() -> [String] {
    cpuNodes().flatMap { node in
      (try? property("compatible", of: node))?.strings ?? []
    }
  }

  /// The paths of the first CPU nodes: all CPUs of a machine are of one architecture.
  package func cpuNodes() -> [String] {
    let children = (try? children(of: "/cpus")) ?? []
    return children.prefix(64).map { "/cpus/" + $0 }.filter { node in
      (try? property("device_type", of: node))?.string == "cpu" || node.hasPrefix("/cpus/cpu@")
    }
  }
}

/// What the `compatible` strings of Arm CPU nodes say, by
/// `Documentation/devicetree/bindings/arm/cpus.yaml`.
package enum ArmCores {
  private static let makers = [
    "apm,", "apple,", "arm,", "brcm,", "cavium,", "faraday,", "fujitsu,", "hisilicon,", "marvell,",
    "nvidia,", "qcom,", "samsung,",
  ]

  /// Cores of that list that run 32-bit kernels only.
  private static let cores32 = [
    "arm,arm7", "arm,arm9", "arm,arm10", "arm,arm11", "arm,cortex-m", "arm,cortex-r",
    "brcm,brahma-b15", "faraday,", "marvell,feroceon", "marvell,mohawk", "marvell,pj4",
    "marvell,sheeva", "marvell,xsc3", "qcom,krait", "qcom,scorpion",
  ]

  /// Whether it is an Arm core of either width.
  package static func isArm(_ compatible: String) -> Bool {
    makers.contains(where: compatible.hasPrefix)
  }

  /// Whether it is a core without a 64-bit state.
  package static func is32Bit(_ compatible: String) -> Bool {
    // Cortex-A5 to A17 and A32 have none; A34, A35, A53 and so on have one.
    let isSmallCortex = ["5", "7", "8", "9", "12", "15", "17", "32"].contains {
      compatible == "arm,cortex-a" + $0
    }
    return isSmallCortex || cores32.contains(where: compatible.hasPrefix)
  }
}

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
