// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecFacts
import KexecRules

// The two roots may count their cells differently: a Raspberry Pi 4 has 2 and 1, most have 2 and 2.
extension TreeMerger {
  /// Tuples of the machine in the board's cells.
  ///
  /// - Parameter value: the same in the machine's cells, which is kept where the cells are the same.
  /// - Throws: `KexecError.notMerged(_:reason:)` when a number does not fit.
  func tuples(
    _ tuples: [AddressAndSize], property: String, of node: String, _ value: PropertyValue?
  ) throws(KexecError) -> PropertyValue {
    if cells == machineCells, let value { return value }
    var bytes: [UInt8] = []
    for tuple in tuples {
      guard let translated = PropertyValue(tuple, cells: cells) else {
        throw doesNotFit(tuple.text, property, node)
      }
      bytes += translated.bytes
    }
    return PropertyValue(bytes: bytes)
  }

  /// A property of reserved memory in the board's cells: `reg` and `alloc-ranges` are tuples, `size` has
  /// as many cells as a size, and `alignment` as many as an address, as Linux reads it
  /// (`drivers/of/of_reserved_mem.c:__reserved_mem_alloc_size`).
  func translated(_ property: Property, of node: String) throws(KexecError) -> Property {
    guard cells != machineCells else { return property }
    switch property.name {
    case "reg", "alloc-ranges":
      guard let old = property.value.tuples(machineCells) else { return property }
      return Property(
        property.name, try tuples(old, property: property.name, of: node, property.value))
    case "size":
      return try translated(property, of: node, from: machineCells.size, to: cells.size)
    case "alignment":
      return try translated(property, of: node, from: machineCells.address, to: cells.address)
    default: return property
    }
  }

  private func translated(
    _ property: Property, of node: String, from count: Int, to newCount: Int
  ) throws(KexecError) -> Property {
    guard property.value.bytes.count == count * 4, let number = property.value.number else {
      return property
    }
    if newCount == 2 { return Property(property.name, .u64(number)) }
    guard let cell = UInt32(exactly: number) else {
      throw doesNotFit(Change.Value.address(number).description, property.name, node)
    }
    return Property(property.name, .u32(cell))
  }

  private func doesNotFit(_ value: String, _ property: String, _ node: String) -> KexecError {
    .notMerged(
      machine.name,
      reason: """
        \(node): '\(property)': \(value) does not fit the \(cells.address) address and \(cells.size) \
        size cells of the board's tree
        """)
  }
}
