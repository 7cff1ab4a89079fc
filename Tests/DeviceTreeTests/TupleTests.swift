// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `An address and a size` {
  /// Cells of an address, cells of a size, what fdtget prints of 0x1000+0x2000 and 0x3000+1.
  static let layouts: [(Int, Int, String)] = [
    (1, 1, "1000 2000 3000 1"), (2, 1, "0 1000 2000 0 3000 1"), (1, 2, "1000 0 2000 3000 0 1"),
    (2, 2, "0 1000 0 2000 0 3000 0 1"),
  ]

  @Test(arguments: layouts)
  func `are stored in the cells in force`(address: Int, size: Int, printed: String) throws {
    let cells = try #require(CellCounts(address: address, size: size))
    var tree = try Fixtures.tree("board")

    let bytes = [AddressAndSize(address: 0x1000, size: 0x2000), .init(address: 0x3000, size: 1)]
      .flatMap { PropertyValue($0, cells: cells)?.bytes ?? [] }
    try tree.setProperty("r", of: "/chosen", to: PropertyValue(bytes: bytes))

    #expect(try fdtget(tree.blob, ["-t", "x"], "/chosen", "r") == [printed])
    #expect(
      try tree.property("r", of: "/chosen")?.tuples(cells) == [
        AddressAndSize(address: 0x1000, size: 0x2000), AddressAndSize(address: 0x3000, size: 1),
      ])
  }

  @Test(
    arguments: [
      (0xffff_ffff, 1, 1, 1), (0, 0xffff_ffff, 1, 1), (0x1_0000_0000, 1, 2, 1),
      (0, 0x1_0000_0000, 1, 2), (0x8000_0000, 0x8000_0000, 1, 1), (0, 0, 1, 1),
      (.max, 0, 2, 1), (0xffff_ffff_ffff_0000, 0xffff, 2, 2),
    ] as [(UInt64, UInt64, Int, Int)])
  func `fit as far as their cells reach`(
    address: UInt64, size: UInt64, addressCells: Int, sizeCells: Int
  ) throws {
    let cells = try #require(CellCounts(address: addressCells, size: sizeCells))
    let tuple = AddressAndSize(address: address, size: size)

    let value = try #require(PropertyValue(tuple, cells: cells))

    #expect(value.bytes.count == cells.tupleSize)
    #expect(value.tuples(cells) == [tuple])
  }

  @Test(
    arguments: [
      (0x1_0000_0000, 1, 1, 1), (0x1_0000_0000, 0, 1, 2), (0, 0x1_0000_0000, 2, 1),
      (0, 0x1_0000_0001, 1, 2), (0xffff_ffff, 2, 1, 1), (0x8000_0000, 0x8000_0001, 1, 2),
      (.max, 2, 2, 2), (0xffff_ffff_ffff_0000, 0x1_0001, 2, 2), (1, .max, 2, 2),
    ] as [(UInt64, UInt64, Int, Int)])
  func `are refused when they need more cells`(
    address: UInt64, size: UInt64, addressCells: Int, sizeCells: Int
  ) throws {
    let cells = try #require(CellCounts(address: addressCells, size: sizeCells))
    let tuple = AddressAndSize(address: address, size: size)

    #expect(PropertyValue(tuple, cells: cells) == nil)
  }

  @Test func `are read as they were written by dtc`() throws {
    let tree = try Fixtures.tree("board")

    let cells = try tree.cellCounts(of: "/")

    #expect(
      try tree.property("reg", of: "/memory")?.tuples(cells) == [
        AddressAndSize(address: 0x20_0000, size: 0x820_0000),
        AddressAndSize(address: 0x940_0000, size: 0x76c0_0000),
        AddressAndSize(address: 0x1_0000_0000, size: 0x8000_0000),
      ])
  }

  @Test func `may wrap in a tree and are read as they are`() throws {
    let cells = try #require(CellCounts(address: 2, size: 2))

    let value = PropertyValue.cells([0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff])

    #expect(value.tuples(cells) == [AddressAndSize(address: .max, size: .max)])
  }

  @Test(arguments: layouts)
  func `are nil in a value of another length`(address: Int, size: Int, printed: String) throws {
    let cells = try #require(CellCounts(address: address, size: size))

    for byteCount in 1..<cells.tupleSize {
      let value = PropertyValue(bytes: Array(repeating: 0, count: cells.tupleSize + byteCount))
      #expect(value.tuples(cells) == nil)
    }
    #expect(PropertyValue.empty.tuples(cells) == [])
  }

  @Test func `are in order by address, then by size`() {
    let sorted = [(1, 5), (1, 6), (2, 0), (2, 1)].map { AddressAndSize(address: $0, size: $1) }

    #expect(sorted.reversed().sorted() == sorted)
  }
}
