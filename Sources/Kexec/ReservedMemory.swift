// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

extension DeviceTree {
  /// The memory of all available children of `/reserved-memory` that have a place, and their paths.
  ///
  /// Every tuple counts, and so does memory that is only lent out (`reusable`): whatever is in it when
  /// the kernel starts is lost. Sources: `drivers/of/of_reserved_mem.c:fdt_scan_reserved_mem`.
  func reservedMemory() -> [(place: String, range: PhysicalRange)] {
    guard let cells = try? cellCounts(of: "/reserved-memory"),
      let regions = try? excerpt(of: "reserved-memory").root.children.first?.children
    else { return [] }
    return regions.filter { $0["status"].isAvailable }.flatMap { region in
      (region["reg"]?.tuples(cells) ?? []).compactMap(\.memory).map {
        ("/reserved-memory/" + region.name, $0)
      }
    }
  }
}
