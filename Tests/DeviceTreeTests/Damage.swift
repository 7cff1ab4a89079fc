// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import Testing

/// A blob that must be refused, and how.
struct Damage: CustomTestStringConvertible, Sendable {
  let name: String
  let blob: [UInt8]
  let error: DeviceTreeError

  init(_ name: String, _ blob: [UInt8], _ error: DeviceTreeError) {
    self.name = name
    self.blob = blob
    self.error = error
  }

  var testDescription: String { name }
}
