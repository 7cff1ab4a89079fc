// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
package import PhysicalMemory

// What the trees of powerpc machines say of memory that firmware and kernel use
// (`arch/powerpc/kexec/ranges.c`). Numbers are big-endian, of one or two cells.
extension DeviceTree {
  /// Run-time abstraction services: `add_rtas_mem_range`.
  package var rtas: PhysicalRange? {
    memory(in: "/rtas", from: "linux,rtas-base", size: "rtas-size")
  }

  /// The firmware of machines without a hypervisor: `add_opal_mem_range`.
  package var opal: PhysicalRange? {
    memory(in: "/ibm,opal", from: "opal-base-address", size: "opal-runtime-size")
  }

  /// Where OPAL is, and where it is called; zeros without it
  /// (`arch/powerpc/kexec/file_load_64.c:setup_purgatory_ppc64`).
  package var opalCall: (base: UInt64, entry: UInt64) {
    guard let base = number("opal-base-address", of: "/ibm,opal"),
      let entry = number("opal-entry-address", of: "/ibm,opal")
    else { return (0, 0) }
    return (base, entry)
  }

  /// TCE tables, by which devices reach memory: `add_tce_mem_ranges`.
  package func tceTables() -> [PhysicalRange] {
    var ranges: [PhysicalRange] = []
    var nodes = [root]
    while let node = nodes.popLast() {
      nodes += node.children
      guard node["device_type"]?.string == "pci", let start = node["linux,tce-base"]?.number,
        let size = node["linux,tce-size"]?.number,
        let range = PhysicalRange(start: start, size: size)
      else { continue }
      ranges.append(range)
    }
    return ranges.sorted()
  }

  /// Memory of the firmware that a crash kernel uses as the crashed one did: nothing in it is dumped from
  /// anywhere else.
  package func sharedFirmware() -> [PhysicalRange] {
    [rtas, opal].compactMap { $0 } + tceTables()
  }

  /// The hash table of a kernel that runs without a hypervisor: `add_htab_mem_range`.
  package var htab: PhysicalRange? {
    memory(in: ChosenProperty.node, from: "linux,htab-base", size: "linux,htab-size")
  }

  /// The end of the running kernel, below which nothing can be loaded
  /// (`arch/powerpc/kexec/core_64.c:machine_kexec_prepare`): only the live tree has it.
  package var kernelEnd: UInt64? { number("linux,kernel-end", of: ChosenProperty.node) }

  /// `reserved-ranges` of the root: always two cells each; bytes after the last pair are skipped
  /// (`arch/powerpc/kernel/prom.c:early_reserve_mem_dt`).
  package func reservedRanges() -> [PhysicalRange] {
    guard let cells = CellCounts(address: 2, size: 2) else { return [] }
    let bytes = ((try? property("reserved-ranges", of: "/")) ?? nil)?.bytes ?? []
    let whole = PropertyValue(bytes: Array(bytes.prefix(bytes.count / 16 * 16)))
    return whole.tuples(cells)?.compactMap(\.memory) ?? []
  }

  /// The lowest range of memory: the only one that the first code of a kernel under a hypervisor
  /// reaches, when it has a hash table.
  package func rma() -> PhysicalRange? {
    guard let cells = try? cellCounts(of: "/") else { return nil }
    return memoryNodes(cells, named: "").flatMap(\.ranges).min()
  }

  private func memory(in node: String, from start: String, size: String) -> PhysicalRange? {
    guard let start = number(start, of: node), let size = number(size, of: node) else {
      return nil
    }
    return PhysicalRange(start: start, size: size)
  }

  private func number(_ name: String, of node: String) -> UInt64? {
    (try? property(name, of: node))?.number
  }
}
