// SPDX-License-Identifier: Apache-2.0

import DeviceTree
import TestSupport
import Testing

/// A tree may have been opened with a reservation that `addReservation` would not take.
@Suite struct `A reservation that reaches the end of all addresses` {
  static let entries = [
    AddressAndSize(address: 0xffff_ffff_ffff_0000, size: 0x1_0000),
    AddressAndSize(address: 0xffff_ffff_ffff_0000, size: 0x1_0001),
    AddressAndSize(address: 1, size: .max),
  ]

  @Test(arguments: entries)
  func `does not keep the tree from being edited in an excerpt`(entry: AddressAndSize) throws {
    var raw = RawBlob(root: [.beginNode("chosen"), .endNode])
    raw.reservations = [entry]
    var tree = try DeviceTree(blob: raw.bytes())

    try tree.edit(child: "chosen") { excerpt in
      try excerpt.setProperty("bootargs", of: "/chosen", to: .string("quiet"))
    }

    #expect(tree.reservations == [entry])
    #expect(try fdtget(tree.blob, [], "/chosen", "bootargs") == ["quiet"])
  }
}
