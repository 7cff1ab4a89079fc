// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts

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
