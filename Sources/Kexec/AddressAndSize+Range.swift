// SPDX-License-Identifier: Apache-2.0

public import DeviceTree
import PhysicalMemory

extension AddressAndSize {
  /// The same memory as a range; nil when it is empty or wraps.
  var range: PhysicalRange? { PhysicalRange(start: address, size: size) }

  /// First and last byte, or both numbers where they are no range.
  public var text: String {
    range?.description ?? "0x\(String(address, radix: 16))+0x\(String(size, radix: 16))"
  }

  init(_ range: PhysicalRange) {
    self.init(address: range.start, size: range.size)
  }
}
