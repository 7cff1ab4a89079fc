// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

/// The memory reservation block: addresses that the kernel must not use, always 64-bit numbers.
/// Devicetree Specification v0.4, section 5.3.
extension DeviceTree {
  /// All reservations, in the order of the blob.
  public var reservations: [AddressAndSize] {
    withPointer { blob in
      let count = unsafe fdt_num_mem_rsv(blob)
      return (0..<count).map { index in
        var (address, size): (UInt64, UInt64) = (0, 0)
        let result = unsafe fdt_get_mem_rsv(blob, index, &address, &size)
        precondition(result == 0, "an entry that was counted exists")
        return AddressAndSize(address: address, size: size)
      }
    }
  }

  /// Adds a reservation at the end of the list.
  ///
  /// - Throws: ``DeviceTreeError/Code/emptyReservation`` for a size of 0, which ends the list for readers;
  ///   ``DeviceTreeError/Code/wrappingRange`` when the sum wraps.
  public mutating func addReservation(_ entry: AddressAndSize) throws(DeviceTreeError) {
    try entry.checkIsReservation()
    try editReservations { blob in unsafe fdt_add_mem_rsv(blob, entry.address, entry.size) }
  }

  /// Deletes every reservation with exactly this address and size; false when there was none.
  @discardableResult
  public mutating func deleteReservation(
    _ entry: AddressAndSize
  ) throws(DeviceTreeError) -> Bool {
    let entries = reservations
    let places = entries.indices.filter { entries[$0] == entry }
    // In reverse: deleting an entry moves those after it.
    for place in places.reversed() {
      try editReservations { blob in unsafe fdt_del_mem_rsv(blob, CInt(place)) }
    }
    return !places.isEmpty
  }
}

extension AddressAndSize {
  /// Throws for an entry that would end the list, and for one that wraps.
  func checkIsReservation() throws(DeviceTreeError) {
    guard size > 0 else { throw DeviceTreeError(.emptyReservation, value: address) }
    guard !address.addingReportingOverflow(size).overflow else {
      throw DeviceTreeError(.wrappingRange, value: address)
    }
  }
}
