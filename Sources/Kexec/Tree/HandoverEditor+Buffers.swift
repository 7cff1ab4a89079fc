// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import PhysicalMemory

// Memory that a property of `/chosen` tells of, in one tuple: what the last hand-over left, and what the next
// kernel is given.
extension HandoverEditor {
  /// Nothing of it outlives the kernel it was made for; what the next kernel is given anew keeps its place
  /// among the properties.
  mutating func removeBuffers(for handover: Handover) throws(DeviceTreeError) {
    let wanted = Set(handover.buffers.map(\.property))
    for input in KexecInput.all {
      guard let (reason, rule) = input.stale else { continue }
      release(bufferOf: input.property, reason: reason, rule: rule)
      guard !wanted.contains(input.property) else { continue }
      try delete(input.property, reason: reason, rule: rule)
    }
    for extra in handover.extraBuffers {
      guard let (reason, rule) = extra.input.stale else { continue }
      release(bufferOf: extra.property, reason: reason, rule: rule)
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

  /// Notes the reservation of the memory that a property tells of.
  mutating func release(bufferOf name: String, reason: String, rule: Rule) {
    for old in oldProperties + found where old.name == name {
      if let buffers = old.value.tuples(rootCells), buffers.count == 1 {
        release(
          buffers[0], reason: reason, rule: rule, isSecret: ChosenProperty.secrets.contains(name))
      }
    }
  }

  /// Addresses and sizes in root cells.
  func tuples(
    _ ranges: [PhysicalRange], _ property: String
  ) throws(DeviceTreeError) -> PropertyValue {
    var bytes: [UInt8] = []
    for range in ranges {
      guard let value = PropertyValue(AddressAndSize(range), cells: rootCells) else {
        throw DeviceTreeError(
          .badValue, node: ChosenProperty.node, property: property, value: range.start)
      }
      bytes += value.bytes
    }
    return PropertyValue(bytes: bytes)
  }
}
