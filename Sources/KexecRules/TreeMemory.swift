// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
public import KexecFacts
public import PhysicalMemory

/// The memory of a machine by its tree, as the kernel that boots with it reads it.
///
/// Sources: `drivers/of/fdt.c:early_init_dt_scan_memory`, `early_init_dt_check_for_usable_mem_range`,
/// `early_init_fdt_scan_reserved_mem`; for powerpc `arch/powerpc/mm/drmem.c`.
public struct TreeMemory: Hashable, Sendable {
  /// RAM: what the memory nodes and the dynamic memory of powerpc say, in the order of the tree.
  public let ram: [PhysicalRange]
  /// The part of it that may be taken away while the machine runs.
  public let hotpluggable: [PhysicalRange]
  /// RAM that the kernel may use: capped to the first range of `linux,usable-memory-range`, and with the
  /// second one added, whatever that is.
  public let usable: PhysicalRangeSet
  /// Reserved memory: the reservation block, `/reserved-memory` and `reserved-ranges`.
  public let reserved: PhysicalRangeSet
  /// Reserved memory that the kernel finds a place for itself: paths of nodes that have a size only.
  public let unplaced: [String]

  /// Reads a tree.
  ///
  /// - Parameters:
  ///   - tree: the tree.
  ///   - architecture: of the kernel; without it, what the tree describes.
  /// - Throws: `KexecError.memoryIsOfUEFI` for a machine whose kernel takes its memory from UEFI's map
  ///   and not from the tree, and `KexecError.tree(_:)` for a tree without legal root cells.
  public init(of tree: DeviceTree, for architecture: Architecture? = nil) throws(KexecError) {
    guard !tree.isOfUEFI else { throw .memoryIsOfUEFI }
    let cells = try KexecError.aboutTree { () throws(DeviceTreeError) in
      try tree.cellCounts(of: "/")
    }
    let nodes = tree.memoryNodes(cells, named: "")
    let isCapped = (architecture ?? Architecture(describedBy: tree))?.readsUsableRange ?? true
    ram = nodes.flatMap(\.ranges) + tree.dynamicMemory()
    hotpluggable = nodes.filter(\.isHotpluggable).flatMap(\.ranges)
    usable =
      isCapped ? tree.capped(PhysicalRangeSet(ram), cells) : PhysicalRangeSet(ram)
    let kept = tree.reservations.compactMap(\.memory) + tree.reservedMemory().map(\.range)
    reserved = PhysicalRangeSet(kept + tree.reservedRanges())
    unplaced = tree.unplacedReservedMemory()
  }
}

/// A node of RAM.
package struct MemoryNode {
  package let ranges: [PhysicalRange]
  package let isHotpluggable: Bool

  /// nil for another node, and one that is not available.
  package init?(_ node: Node, _ cells: CellCounts) {
    guard node.isOfMemory, node["status"].isAvailable else { return nil }
    let tuples = node[DeviceTree.usableMemory]?.tuples(cells) ?? node["reg"]?.tuples(cells) ?? []
    ranges = tuples.compactMap(\.memory)
    isHotpluggable = node["hotpluggable"] != nil
  }
}

extension DeviceTree {
  /// Whether the tree leads to UEFI: its kernel then forgets the tree's memory
  /// (`drivers/firmware/efi/efi-init.c:efi_init`).
  package var isOfUEFI: Bool {
    (try? property(ChosenProperty.uefi[0], of: ChosenProperty.node)) != nil
  }

  /// The children of the root with `device_type = "memory"` that are available: every tuple of
  /// `linux,usable-memory`, or else of `reg`, in the root's cells.
  ///
  /// Linux looks at the type alone.
  ///
  /// - Parameter prefix: of the names that are looked at; to look at the nodes alone whose name is the
  ///   one that the specification requires takes a tenth of the time.
  package func memoryNodes(_ cells: CellCounts, named prefix: String) -> [MemoryNode] {
    guard !prefix.isEmpty else { return root.children.compactMap { MemoryNode($0, cells) } }
    let names = (try? children(of: "/")) ?? []
    return names.filter { $0.hasPrefix(prefix) }.compactMap { name in
      guard let properties = try? properties(of: "/" + name) else { return nil }
      return MemoryNode(Node(name, properties: properties), cells)
    }
  }

  /// One or two tuples, else the property is ignored.
  fileprivate func capped(_ ram: PhysicalRangeSet, _ cells: CellCounts) -> PhysicalRangeSet {
    let value = try? property(ChosenProperty.usableMemory, of: ChosenProperty.node)
    guard let tuples = value?.tuples(cells), let first = tuples.first else { return ram }
    // A first range without size caps nothing.
    let cap = first.memory.map { ram.intersection(PhysicalRangeSet([$0])) } ?? ram
    let second = tuples.dropFirst().first?.memory.map { [$0] } ?? []
    return cap.union(PhysicalRangeSet(second))
  }
}

extension Node {
  /// Whether its type says that it is RAM: Linux looks at that alone.
  package var isOfMemory: Bool { self["device_type"]?.string == "memory" }
}

extension PropertyValue? {
  /// Whether readers use a node with this `status`: none, `okay` or `ok`
  /// (`drivers/of/fdt.c:of_fdt_device_is_available`).
  package var isAvailable: Bool {
    self == nil || self == .string("okay") || self == .string("ok")
  }
}

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
