// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules
import PhysicalMemory

/// A tree as the next kernel's early code reads it (`drivers/of/fdt.c:early_init_dt_scan`): `/chosen` and the
/// root's cells at once; memory, which takes a walk over the whole tree, when a rule first needs it.
final class ReadTree {
  let tree: DeviceTree
  /// Bytes that are handed over; `totalsize` may be less.
  let size: Int
  /// The kernel's, or what the tree describes.
  let architecture: Architecture
  /// The root's `#address-cells` and `#size-cells`, for every tuple in `/chosen`.
  let cells: CellCounts
  /// The properties of `/chosen`, all copies of each.
  let chosen: [Property]

  /// - Parameter size: nil for `totalsize`.
  /// - Throws: an error of the root's cells.
  init(
    _ tree: DeviceTree, size: Int? = nil, for architecture: Architecture?
  ) throws(DeviceTreeError) {
    self.tree = tree
    self.size = size ?? tree.sourceSize
    self.architecture = architecture ?? Architecture(describedBy: tree) ?? .other
    cells = try tree.cellCounts(of: "/")
    chosen = (try? tree.properties(of: ChosenProperty.node)) ?? []
  }

  /// The tree of a blob, or why a kernel cannot use it.
  ///
  /// - Parameter isOwn: whether the blob was written here, from a tree that libfdt has checked.
  static func opened(
    _ blob: [UInt8], for architecture: Architecture?, isOwn: Bool = false
  ) -> (ReadTree?, DeviceTreeError?) {
    do throws(DeviceTreeError) {
      let tree = isOwn ? try DeviceTree(ownBlob: blob.span) : try DeviceTree(blob: blob)
      return (try ReadTree(tree, size: blob.count, for: architecture), nil)
    } catch {
      return (nil, error)
    }
  }

  /// What readers find of a property of `/chosen`: the first copy.
  subscript(name: String) -> PropertyValue? { chosen.first { $0.isNamed(name) }?.value }

  /// Whether a property of `/chosen` exists twice. A few are compared faster than hashed.
  lazy var hasCopies =
    chosen.count > 64
    ? Set(chosen.map(\.name)).count < chosen.count
    : chosen.indices.contains { place in
      chosen[..<place].contains { $0.isNamed(chosen[place].name) }
    }

  /// Addresses and sizes in the root's cells; nil for anything else.
  func tuples(_ name: String) -> [AddressAndSize]? { self[name]?.tuples(cells) }

  /// The children of the root that readers may take for `/chosen`.
  lazy var chosenNodes: [String] = {
    var names: [String] = []
    _ = try? tree.firstChild(of: "/") { name in
      if ChosenProperty.isNode("/" + name) { names.append(name) }
      return false
    }
    return names
  }()

  // MARK: What the kernel reads

  /// Its memory; nil where UEFI's own memory map decides.
  lazy var memory = try? TreeMemory(of: tree, for: architecture)

  /// The memory that it does not use: initrd and core header, too (`fdt_reserve_elfcorehdr`, `reserve_initrd_mem`).
  lazy var reserved: PhysicalRangeSet = {
    let kept = tree.reservations.compactMap(\.memory) + tree.reservedMemory().map(\.range)
    let own = PhysicalRangeSet([initrd, coreHeader].compactMap { $0 })
    return (memory?.reserved ?? PhysicalRangeSet(kept)).union(own)
  }()

  /// Where it looks for its initrd.
  var initrd: PhysicalRange? {
    guard let start = self[ChosenProperty.initrdStart]?.number,
      let end = self[ChosenProperty.initrdEnd]?.number
    else { return nil }
    return PhysicalRange(start: start, end: end)
  }

  /// Where a crash kernel looks for the core header.
  var coreHeader: PhysicalRange? { tuples(ChosenProperty.coreHeader)?.first?.memory }

  /// IMA's buffer: the first tuple, whatever follows (`drivers/of/kexec.c:do_get_kexec_buffer`).
  var imaBuffer: PhysicalRange? { tuples(ChosenProperty.imaBuffer)?.first?.memory }

  /// The memory that a property names in one tuple.
  func place(_ name: String) -> PhysicalRange? {
    guard let tuples = tuples(name), tuples.count == 1 else { return nil }
    return tuples[0].memory
  }

  /// The command line, up to the first NUL.
  var commandLine: [UInt8]? {
    self[ChosenProperty.commandLine].map { Array($0.bytes.prefix { $0 != 0 }) }
  }
}
