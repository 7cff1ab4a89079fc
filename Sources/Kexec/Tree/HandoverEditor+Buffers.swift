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
    for stale in StaleBuffer.all {
      release(bufferOf: stale.property, reason: stale.reason, rule: stale.rule)
      guard !wanted.contains(stale.property) else { continue }
      try delete(stale.property, reason: stale.reason, rule: stale.rule)
    }
    for extra in handover.extraBuffers {
      release(
        bufferOf: extra.property, reason: "what \(extra.property) told of before", rule: .caller)
    }
    for name in ChosenProperty.historicBuffer {
      try delete(
        name, reason: "what \(ChosenProperty.imaBuffer) was called before it was merged",
        rule: .linux("drivers/of/kexec.c", "remove_ima_buffer"))
    }
  }

  /// Writes the property, and reserves the memory to its exact size.
  mutating func set(_ buffers: [HandoverBuffer]) throws(DeviceTreeError) {
    for buffer in buffers {
      try set(
        buffer.property, to: tuples([buffer.range], buffer.property), reason: buffer.reason,
        rule: buffer.writer)
      guard buffer.isReserved else { continue }
      reserve(
        buffer.range, reason: "the \(buffer.part)", rule: buffer.writer,
        isSecret: buffer.isSecret)
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

/// What an earlier hand-over may have left, and why it goes.
private struct StaleBuffer {
  let property: String
  let reason: String
  let rule: Rule

  static let all =
    [
      StaleBuffer(
        property: ChosenProperty.imaBuffer,
        reason: "the running kernel has taken this measurement list",
        rule: .linux("drivers/of/kexec.c", "remove_ima_buffer")),
      StaleBuffer(
        property: ChosenProperty.diskKeys, reason: "keys for the last crash kernel",
        rule: .linux("drivers/of/fdt.c", "early_init_dt_check_for_dmcryptkeys")),
    ]
    + ChosenProperty.liveUpdate.map {
      StaleBuffer(
        property: $0, reason: "points to memory that is no longer kept",
        rule: .linux("drivers/of/kexec.c", "kho_add_chosen"))
    }
}
