// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

@Suite struct `The list of reservations` {
  static let low = AddressAndSize(address: 0x1000, size: 0x2000)
  static let high = AddressAndSize(address: 0xffff_ffff_0000_0000, size: 0xffff_ffff)
  static let odd = AddressAndSize(address: 0xa20_0000, size: 0xe5_d3f7)

  @Test(arguments: ["board", "reserved-memory", "stale-handover", "acpi-stub"])
  func `is what dtc and fdtdump print`(source: String) throws {
    let blob = try Fixtures.blob(source)

    let reservations = try DeviceTree(blob: blob).reservations

    #expect(reservations == (try printedByDTC(blob)))
    #expect(reservations == (try printedByFDTDump(blob)))
  }

  @Test func `grows at its end`() throws {
    var tree = try Fixtures.tree("board")
    let old = tree.reservations

    try tree.addReservation(Self.high)
    try tree.addReservation(Self.low)
    try tree.addReservation(Self.high)

    #expect(tree.reservations == old + [Self.high, Self.low, Self.high])
    #expect(try printedByDTC(tree.blob) == tree.reservations)
    #expect(try DeviceTree(blob: tree.blob).reservations == tree.reservations)
  }

  @Test func `grows past any room there was`() throws {
    let entries = (1...1000).map { AddressAndSize(address: $0 << 32, size: $0) }
    var tree = try Fixtures.tree("board")
    let root = tree.root

    for entry in entries { try tree.addReservation(entry) }

    #expect(tree.reservations.suffix(1000) == entries[...])
    #expect(try printedByDTC(tree.blob) == tree.reservations)
    #expect(tree.root == root)
  }

  @Test func `takes no entry of size 0, which would end it`() throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    let error = #expect(throws: DeviceTreeError(.emptyReservation, value: 0x5000)) {
      try tree.addReservation(AddressAndSize(address: 0x5000, size: 0))
    }

    #expect(error?.description.contains("0x5000") == true)
    #expect(error?.description.contains("would end the list and hide all later ones") == true)
    #expect(tree.blob == blob)
  }

  @Test(
    arguments: [(1, .max), (.max, 1), (.max, .max), (0x8000_0000_0000_0000, 0x8000_0000_0000_0000)]
      as [(UInt64, UInt64)])
  func `takes no entry that wraps`(address: UInt64, size: UInt64) throws {
    var tree = try Fixtures.tree("board")
    let blob = tree.blob

    #expect(throws: DeviceTreeError(.wrappingRange, value: address)) {
      try tree.addReservation(AddressAndSize(address: address, size: size))
    }

    #expect(tree.blob == blob)
  }

  @Test func `loses every copy of an entry and keeps its neighbours`() throws {
    let (low, odd) = (Self.low, Self.odd)
    let larger = AddressAndSize(address: low.address, size: low.size + 1)
    let later = AddressAndSize(address: low.address + 1, size: low.size)
    var tree = try DeviceTree(
      root: Node(""), reservations: [low, low, low, odd, larger, low, later, low])

    #expect(try tree.deleteReservation(low))

    #expect(tree.reservations == [odd, larger, later])
    #expect(try printedByDTC(tree.blob) == [odd, larger, later])
    #expect(try !tree.deleteReservation(low))
    #expect(tree.reservations == [odd, larger, later])
  }

  @Test func `can become empty`() throws {
    var tree = try Fixtures.tree("board")

    for entry in tree.reservations { #expect(try tree.deleteReservation(entry)) }

    #expect(tree.reservations == [])
    #expect(try printedByDTC(tree.blob) == [])
  }

  private func printedByDTC(_ blob: [UInt8]) throws -> [AddressAndSize] {
    let text = try run("dtc", ["-q", "-I", "dtb", "-O", "dts"], input: blob).text
    return entries(in: text)
  }

  private func printedByFDTDump(_ blob: [UInt8]) throws -> [AddressAndSize] {
    entries(in: try fdtdump(blob))
  }

  /// Lines such as `/memreserve/ 0x1000 0x2000;`, with tabs and leading zeros.
  private func entries(in text: String) -> [AddressAndSize] {
    text.split(separator: "\n").filter { $0.hasPrefix("/memreserve/") }.compactMap { line in
      let numbers = line.dropLast().split { $0 == "\t" || $0 == " " }.dropFirst().compactMap {
        UInt64($0.drop { $0 == "0" }.dropFirst($0.contains("x") ? 1 : 0), radix: 16)
      }
      return numbers.count == 2 ? AddressAndSize(address: numbers[0], size: numbers[1]) : nil
    }
  }
}
