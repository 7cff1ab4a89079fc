// SPDX-License-Identifier: Apache-2.0

internal import CLibFDT

/// The numbers of 32-bit cells in an address and in a size: `#address-cells` and `#size-cells`.
public struct CellCounts: Hashable, Sendable {
  /// Cells of an address: 1 or 2.
  public let address: Int
  /// Cells of a size: 1 or 2.
  public let size: Int
  /// Bytes of an address and a size together.
  public var tupleSize: Int { (address + size) * 4 }

  /// Cell counts; nil unless both are 1 or 2, the counts that libfdt and Linux's early boot code handle.
  public init?(address: Int, size: Int) {
    guard 1...2 ~= address, 1...2 ~= size else { return nil }
    self.address = address
    self.size = size
  }
}

/// An address and a size as a tree stores them: both may be 0, and their sum may wrap.
public struct AddressAndSize: Hashable, Sendable {
  /// The first byte.
  public var address: UInt64
  /// The number of bytes.
  public var size: UInt64

  /// A pair of any values.
  public init(address: UInt64, size: UInt64) {
    self.address = address
    self.size = size
  }
}

extension AddressAndSize: Comparable {
  /// By address, then by size.
  public static func < (one: AddressAndSize, other: AddressAndSize) -> Bool {
    (one.address, one.size) < (other.address, other.size)
  }
}

// MARK: - In the value of a property

extension PropertyValue {
  /// Address and size pairs, as in `reg`.
  ///
  /// `cells` are those of the parent node for `reg`, and those of the root for the properties of
  /// `/chosen`. Nil when the length is no multiple of a pair.
  public func tuples(_ cells: CellCounts) -> [AddressAndSize]? {
    guard bytes.count % cells.tupleSize == 0 else { return nil }
    let words = self.cells ?? []
    return stride(from: 0, to: words.count, by: cells.address + cells.size).map { start in
      let tuple = words[start..<start + cells.address + cells.size]
      return AddressAndSize(
        address: tuple.prefix(cells.address).number, size: tuple.suffix(cells.size).number)
    }
  }

  /// An address and a size in the given cells; nil when one cell cannot hold them or their sum.
  public init?(_ tuple: AddressAndSize, cells: CellCounts) {
    let (end, overflow) = tuple.address.addingReportingOverflow(tuple.size)
    guard !overflow else { return nil }
    var words: [UInt32] = []
    for (number, count) in [(tuple.address, cells.address), (tuple.size, cells.size)] {
      guard count == 2 || number <= UInt32.max else { return nil }
      if count == 2 { words.append(UInt32(number >> 32)) }
      words.append(UInt32(truncatingIfNeeded: number))
    }
    guard cells.address == 2 || end <= 1 << 32 else { return nil }
    self = .cells(words)
  }
}

extension ArraySlice<UInt32> {
  /// The number in one or two cells.
  fileprivate var number: UInt64 { reduce(0) { $0 << 32 | UInt64($1) } }
}

// MARK: - In the memory reservation block

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
