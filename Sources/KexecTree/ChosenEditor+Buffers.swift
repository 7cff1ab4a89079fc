// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import KexecCheck
import KexecFacts
import KexecMerge
import KexecRules
import PhysicalMemory

// Memory that a property of `/chosen` names, in one tuple: what the last hand-over left, and what the next
// kernel is given.
extension ChosenEditor {
  /// Nothing of it outlives the kernel it was made for; what the next kernel is given anew keeps its place
  /// among the properties.
  mutating func removeBuffers(for request: KexecRequest) throws(DeviceTreeError) {
    let wanted = Set(request.buffers.map(\.property))
    for input in KexecInput.all {
      guard let name = input.property, !wanted.contains(name), let (reason, rule) = input.stale
      else { continue }
      try delete(name, reason: reason, rule: rule)
    }
    for name in ChosenProperty.historicBuffer {
      try delete(
        name, reason: "what \(ChosenProperty.imaBuffer) was called before it was merged",
        rule: .linux("drivers/of/kexec.c", "remove_ima_buffer"))
    }
  }

  /// Writes the property, and reserves the memory to its exact size.
  mutating func set(_ buffers: [PlacedInput]) throws(DeviceTreeError) {
    for buffer in buffers {
      try set(
        buffer.property, to: tuples([buffer.range], buffer.property), reason: buffer.input.reason,
        rule: buffer.input.writer)
      guard buffer.input.isReserved else { continue }
      reserve(
        buffer.range, reason: "the \(buffer.input)", rule: buffer.input.writer,
        isSecret: buffer.input.isSecret)
    }
  }

  /// Addresses and sizes in root cells.
  func tuples(
    _ ranges: [PhysicalRange], _ property: String
  ) throws(DeviceTreeError) -> PropertyValue {
    var bytes: [UInt8] = []
    for range in ranges {
      guard let value = PropertyValue(AddressAndSize(range), cells: last.rootCells) else {
        throw DeviceTreeError(
          .badValue, node: ChosenProperty.node, property: property, value: range.start)
      }
      bytes += value.bytes
    }
    return PropertyValue(bytes: bytes)
  }
}
