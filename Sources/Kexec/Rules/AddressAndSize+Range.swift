// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import DeviceTree
import PhysicalMemory

extension AddressAndSize {
  /// The same memory as a range; nil when it is empty or wraps.
  var range: PhysicalRange? { PhysicalRange(start: address, size: size) }

  /// The memory that readers take it for: they cut what would wrap
  /// (`mm/memblock.c:memblock_cap_size`). Nil when it is empty.
  var memory: PhysicalRange? {
    range ?? (size > 0 ? PhysicalRange(start: address, end: .max) : nil)
  }

  /// First and last byte, or both numbers where they are no range.
  package var text: String {
    range?.description ?? "\(hex(address))+\(hex(size))"
  }

  init(_ range: PhysicalRange) {
    self.init(address: range.start, size: range.size)
  }
}
