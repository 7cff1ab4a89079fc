// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
package import PhysicalMemory

extension DeviceTree {
  /// The memory of all available children of `/reserved-memory` that have a place, and their paths.
  ///
  /// Every tuple counts, and so does memory that is only lent out (`reusable`): whatever is in it when
  /// the kernel starts is lost. Sources: `drivers/of/of_reserved_mem.c:fdt_scan_reserved_mem`.
  package func reservedMemory() -> [(place: String, range: PhysicalRange)] {
    guard let cells = try? cellCounts(of: "/reserved-memory") else { return [] }
    return regionsOfReservedMemory().filter { $0["status"].isAvailable }.flatMap { region in
      (region["reg"]?.tuples(cells) ?? []).compactMap(\.memory).map {
        ("/reserved-memory/" + region.name, $0)
      }
    }
  }

  /// The paths of those that have a size and no place: the kernel finds one.
  package func unplacedReservedMemory() -> [String] {
    regionsOfReservedMemory().filter {
      $0["status"].isAvailable && $0["reg"] == nil && $0["size"] != nil
    }.map { "/reserved-memory/" + $0.name }
  }

  private func regionsOfReservedMemory() -> [Node] {
    guard contains("/reserved-memory") else { return [] }
    return (try? excerpt(of: "reserved-memory"))?.root.children.first?.children ?? []
  }
}
