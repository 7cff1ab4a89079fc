// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

extension DeviceTree {
  /// The memory of all available children of `/reserved-memory` that have a place, and their paths.
  ///
  /// Every tuple counts, and so does memory that is only lent out (`reusable`): whatever is in it when
  /// the kernel starts is lost. Sources: `drivers/of/of_reserved_mem.c:fdt_scan_reserved_mem`,
  /// `drivers/of/fdt.c:of_fdt_device_is_available`.
  func reservedMemory() -> [(place: String, range: PhysicalRange)] {
    guard let cells = try? cellCounts(of: "/reserved-memory"),
      let regions = try? excerpt(of: "reserved-memory").root.children.first?.children
    else { return [] }
    return regions.filter(\.isAvailable).flatMap { region in
      (region["reg"]?.tuples(cells) ?? []).compactMap(\.range).map {
        ("/reserved-memory/" + region.name, $0)
      }
    }
  }
}

extension Node {
  /// Whether readers use the node: `status` is absent, `okay` or `ok`.
  fileprivate var isAvailable: Bool {
    guard let status = self["status"] else { return true }
    return [.string("okay"), .string("ok")].contains(status)
  }
}
