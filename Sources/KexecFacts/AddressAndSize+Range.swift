// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
package import DeviceTree
package import PhysicalMemory

extension AddressAndSize {
  /// The same memory as a range; nil when it is empty or wraps.
  package var range: PhysicalRange? { PhysicalRange(start: address, size: size) }

  /// The memory that readers take it for: they cut what would wrap
  /// (`mm/memblock.c:memblock_cap_size`). Nil when it is empty.
  package var memory: PhysicalRange? {
    range ?? (size > 0 ? PhysicalRange(start: address, end: .max) : nil)
  }

  /// First and last byte, or both numbers where they are no range.
  package var text: String {
    range?.description ?? "\(hex(address))+\(hex(size))"
  }

  package init(_ range: PhysicalRange) {
    self.init(address: range.start, size: range.size)
  }
}
