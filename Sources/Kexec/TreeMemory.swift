// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

extension DeviceTree {
  /// The RAM that the tree itself tells of; nil for none, and for a machine with UEFI, whose kernel
  /// takes its memory from UEFI's own map (`drivers/firmware/efi/efi-init.c:efi_init`).
  ///
  /// Children of the root with `device_type = "memory"` that are available; every tuple of
  /// `linux,usable-memory`, or else of `reg`, in the root's cells
  /// (`drivers/of/fdt.c:early_init_dt_scan_memory`).
  func memory() -> [PhysicalRange]? {
    guard !isOfUEFI, let cells = try? cellCounts(of: "/"), let nodes = try? children(of: "/") else {
      return nil
    }
    // Linux goes by the type alone; every tree names these nodes as the specification asks.
    let ranges = nodes.filter { $0.hasPrefix("memory") }.flatMap { name in
      memory(ofNode: "/" + name, cells)
    }
    return ranges.isEmpty ? nil : ranges
  }

  /// Whether the tree leads to UEFI.
  var isOfUEFI: Bool {
    (try? property(ChosenProperty.uefi[0], of: ChosenProperty.node)) != nil
  }

  private func memory(ofNode node: String, _ cells: CellCounts) -> [PhysicalRange] {
    guard let properties = try? properties(of: node) else { return [] }
    let values = Dictionary(properties.map { ($0.name, $0.value) }) { first, _ in first }
    guard values["device_type"]?.string == "memory", values["status"].isAvailable else { return [] }
    let tuples = values["linux,usable-memory"]?.tuples(cells) ?? values["reg"]?.tuples(cells)
    return tuples?.compactMap(\.memory) ?? []
  }
}

extension PropertyValue? {
  /// Whether readers use a node with this `status`: none, `okay` or `ok`
  /// (`drivers/of/fdt.c:of_fdt_device_is_available`).
  var isAvailable: Bool {
    self == nil || self == .string("okay") || self == .string("ok")
  }
}
