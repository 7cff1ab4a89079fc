// SPDX-License-Identifier: Apache-2.0

import DeviceTree

extension Damage {
  /// Blocks that are whole in themselves and stand in each other's way, or do not end.
  static let ofBlocks: [Damage] = [
    Damage(
      "a name that runs out of the strings", strings.with(1, at: 32),
      DeviceTreeError(.truncated, offset: 64)),
    Damage(
      "no strings at all", strings.with(0, at: 32),
      DeviceTreeError(.badStructure, offset: 64, value: 0)),
    Damage(
      "strings inside the structure", zeros.with(72, at: 12),
      DeviceTreeError(.badLayout, offset: 12, value: 72)),
    Damage(
      "reservations inside the structure", zeros.with(80, at: 16),
      DeviceTreeError(.badLayout, offset: 16, value: 80)),
    Damage(
      "reservations that run into the structure", zeros.with(1, at: 52),
      DeviceTreeError(.badLayout, offset: 16, value: 40)),
    Damage(
      "reservations that do not end", strings.with(1, at: 52),
      DeviceTreeError(.truncated, offset: 72)),
    Damage(
      "strings inside the reservations", zeros.with(0x7000_0000, at: 40).with(40, at: 12),
      DeviceTreeError(.badLayout, offset: 16, value: 40)),
  ]

  /// A root with a property `p`: its structure at 56, its strings at 84.
  private static let strings = RawBlob(root: [.property("p", [])]).bytes()

  /// A root with a property of zeros, which could be anything: at 76, 32 bytes.
  private static let zeros = RawBlob(
    root: [.property("p", Array(repeating: 0, count: 32))]
  ).bytes()
}
