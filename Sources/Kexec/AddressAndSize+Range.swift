// SPDX-License-Identifier: Apache-2.0

import BinaryFormat
public import DeviceTree
import PhysicalMemory

extension AddressAndSize {
  /// The same memory as a range; nil when it is empty or wraps.
  var range: PhysicalRange? { PhysicalRange(start: address, size: size) }

  /// First and last byte, or both numbers where they are no range.
  public var text: String {
    range?.description ?? "\(hex(address))+\(hex(size))"
  }

  init(_ range: PhysicalRange) {
    self.init(address: range.start, size: range.size)
  }
}
